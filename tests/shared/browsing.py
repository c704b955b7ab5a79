"""What is read from and put into the explorer's page in a browser."""


def shown(tab, identity):
    """The number in the drawing."""
    return tab.locator(f'#network .pick[data-id="{identity}"] .value').text_content()


def typed(tab, field, text):
    """Put text in the place of a field's own, key by key."""
    field.focus()
    field.press("Control+a")
    tab.keyboard.type(text)


def pasted(tab, field, text):
    """Put text in the place of a field's own from the clipboard."""
    tab.evaluate("text => navigator.clipboard.writeText(text)", text)
    field.focus()
    field.press("Control+a")
    field.press("Control+v")
