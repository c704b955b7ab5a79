"""The explorer: a page that steps through the handout's network and trains others.

Its mathematics is in JavaScript modules that need no page, so that the tests can run them and compare them
with nnjax: threefry, network, slips, train, flow. `page` joins all modules into one file; `receipt` checks in
float64 what the page says.
"""
