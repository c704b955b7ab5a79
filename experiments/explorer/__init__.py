"""The explorer: a page that steps through the handout's network and trains others.

The explorer's mathematics is in JavaScript modules that need no page: threefry, network, slips, train, flow.
The tests can therefore run these modules and compare their results with nnjax's. `page` joins all modules
into one file; `receipt` checks the page's numbers in float64.
"""
