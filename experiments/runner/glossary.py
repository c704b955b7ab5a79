"""The words that the report explains, where a section first uses them and in a list at its end."""

import functools
import html
import pathlib
import re
import tomllib
from typing import NamedTuple

import markupsafe

FILE = pathlib.Path(__file__).with_name("glossary.toml")


class Term(NamedTuple):
    """A word and what it means.

    Attributes:
        name: The word as the list shows it.
        written: The forms in which the word is written in sentences.
        means: What the word means.
    """

    name: str
    written: tuple[str, ...]
    means: str

    @property
    def anchor(self) -> str:
        """The id of the term's place in the list."""
        return "term-" + re.sub(r"\W+", "-", self.name.lower()).strip("-")


@functools.cache
def terms() -> tuple[Term, ...]:
    """Return all words, in the order in which the file lists them."""
    read = tomllib.loads(FILE.read_text("utf-8"))
    return tuple(Term(name, tuple(each["as"]), each["means"]) for name, each in read.items())


@functools.cache
def _pattern() -> tuple[re.Pattern[str], dict[str, Term]]:
    """Return a pattern that finds any of the words, the longest first, and a dict from words to terms."""
    whose = {html.escape(written): term for term in terms() for written in term.written}
    longest = "|".join(re.escape(written) for written in sorted(whose, key=len, reverse=True))
    return re.compile(rf"(?<![\w-])(?:{longest})(?![\w-])"), whose


class Marker:
    """Marks each word once; every section has its own marker."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, text: str) -> markupsafe.Markup:
        """Return the text as it appears on the page, and explain each word at its first occurrence."""
        pattern, whose = _pattern()

        def explained(found: re.Match[str]) -> str:
            term = whose[found[0]]
            if term.name in self._seen:
                return found[0]
            self._seen.add(term.name)
            means = html.escape(term.means)
            return (
                f'<dfn tabindex="0" aria-describedby="{term.anchor}">{found[0]}'
                f'<span role="tooltip">{means}</span></dfn>'
            )

        return markupsafe.Markup(pattern.sub(explained, str(markupsafe.escape(text))))
