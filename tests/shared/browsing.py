"""Helpers that read from and type into the explorer's page in a browser."""


def shown(tab, identity):
    """Return the number that the drawing shows under this identifier."""
    return tab.locator(f'#network .pick[data-id="{identity}"] .value').text_content()


def typed(tab, field, text):
    """Replace a field's text, key by key."""
    field.focus()
    field.press("Control+a")
    tab.keyboard.type(text)


def pasted(tab, field, text):
    """Replace a field's text from the clipboard."""
    tab.evaluate("text => navigator.clipboard.writeText(text)", text)
    field.focus()
    field.press("Control+a")
    field.press("Control+v")


def trained(tab):
    """Wait until all seeds of scene 4 are trained."""
    tab.wait_for_function("document.querySelector('#seed-grid').dataset.done")
    tab.wait_for_function("document.querySelector('#seeds-summary').textContent.startsWith('Of 200')")
