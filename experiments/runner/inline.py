"""Put SVG files into the page, with unique ids and with colours that follow light and dark mode."""

import html
import re

from experiments.runner import style

VARIABLES = {
    **{colour.lower(): f"var(--c{number})" for number, colour in enumerate(style.COLOURS[:-1])},
    "#000000": "var(--ink)",
    style.GREY.lower(): "var(--grey)",
    style.FAINT.lower(): "var(--faint)",
    style.PAPER.lower(): "var(--figure)",
}
"""{a colour of the figures: the page's variable}."""
HEAD = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", re.DOTALL)


def inline(svg: str, prefix: str, name: str) -> str:
    """Turn a picture from matplotlib into an element of the page, at its own size.

    Args:
        svg: The file's text.
        prefix: The text to put before each id.
        name: The text for screen readers.
    """
    body = HEAD.sub("", svg)[HEAD.sub("", svg).index("<svg") :]
    head, body = body.split(">", 1)
    box = re.search(r'viewBox="0 0 (\S+) (\S+)"', head)
    if box is None:
        raise ValueError(f"the picture {prefix} has no viewBox")
    width, height = box.groups()
    start = (
        f'<svg viewBox="0 0 {width} {height}" width="{float(width):g}" height="{float(height):g}" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink" role="img" aria-label="{html.escape(name)}">'
    )
    return start + _without_empty_groups(_coloured(_named(_plain(body), prefix))).strip()


def _plain(body: str) -> str:
    """Use the page's font; drop invisible paths, and the style sheet, which would affect the whole page."""
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r"font-family: [^;\"]*;? ?", "", body)
    body = re.sub(r'<path d="[^"]*" style="fill: none"/>', "", body)
    body = re.sub(r"<[^>]*>", _rounded, body)
    return re.sub(r"\s+", " ", body).replace("> <", "><").replace(' "', '"')


def _rounded(tag: re.Match[str]) -> str:
    """Round a tag's coordinates to a hundredth of a pixel; text between tags stays as it is."""
    return re.sub(r"(\d\.\d\d)\d+", r"\1", tag[0])


def _without_empty_groups(body: str) -> str:
    """Remove the tags of groups without attributes, and keep the contents of these groups."""
    parts, said = [], []
    for part in re.split(r"(<g\b[^>]*>|</g>)", body):
        if part.startswith("<g"):
            said.append(part != "<g>")
        kept = said.pop() if part == "</g>" else said[-1] if part.startswith("<g") else True
        parts.append(part if kept else "")
    return "".join(parts)


def _named(body: str, prefix: str) -> str:
    """Put the prefix before the ids that something refers to, and drop the other ids."""
    used = set(re.findall(r'href="#([^"]+)"', body)) | set(re.findall(r"url\(#([^)]+)\)", body))

    def renamed(found: re.Match[str]) -> str:
        return f' id="{prefix}-{found[1]}"' if found[1] in used else ""

    body = re.sub(r' id="([^"]*)"', renamed, body)
    body = re.sub(r'href="#([^"]+)"', rf'href="#{prefix}-\1"', body)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", body)


def _coloured(body: str) -> str:
    def variable(found: re.Match[str]) -> str:
        return VARIABLES.get(found[0].lower(), found[0])

    return re.sub(r"#[0-9a-fA-F]{6}\b(?=[;\"])", variable, body)
