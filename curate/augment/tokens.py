"""A text as words with their places, and the stretches of it that nobody may touch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

QUOTED = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]+`|^[ \t]*>[^\n]*|^(?: {4}|\t)[^\n]+"
    r"|\"[^\"]*\"|“[^”]*”|«[^»]*»|(?<![\w'])'[^'\n]{2,}'(?!\w)|(?<!\w)‘[^’\n]*’(?!\w)"
    r"|(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+\.\S+|(?<!\w)[@#]\w+|(?:[\w.-]*/){2,}[\w.-]*",
    re.DOTALL | re.MULTILINE,
)
"""Code, quotes, quoted lines, addresses, paths, mentions."""
STAND_IN = re.compile(r"<[A-Z][A-Z_]*_\d+>|</?[a-zA-Z][^<>\n]{0,80}>")
"""Stand-ins of private data, and tags."""
WORD = re.compile(r"ma['’]am|[^\W\d_]+(?:-[^\W\d_]+)*|\d[\d.,]*", re.IGNORECASE)
START = re.compile(r"(?:\A|[.!?:;\n•*\"“(]|\n\s*(?:[-*•]|\d+[.)]))[\s\"'“(*_#-]*\Z")
OPENS = re.compile(r"[ \t]+[\x00(\[{*_'‘<]")
ABBREVIATED = re.compile(r"\b(?:mr|ms|mrs|dr|prof)\.\s*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Word:
    """A word, where it stands, and how it stands to what surrounds it."""

    text: str
    start: int
    end: int
    first: bool
    """It begins a sentence or a line."""
    joined: bool
    """Only spaces of its line lie between it and the word before."""
    opens: bool = False
    """After a space a quote, a bracket or a stand-in begins: what is said of it lies in there."""

    @property
    def low(self) -> str:
        """In lower case, its apostrophe straight."""
        return self.text.lower().replace("’", "'")

    @property
    def capital(self) -> bool:
        """Its first letter alone is a capital."""
        return self.text[0].isupper() and self.text[1:].islower()


def untouched(text: str) -> list[tuple[int, int]]:
    """Stretches of quotes, code and addresses, in order; an odd quotation mark quotes to the end.

    >>> untouched('She wrote "no" to me')
    [(10, 14)]
    """
    found = [one.span() for one in QUOTED.finditer(text)]
    left = blanked(text, found)
    return [*found, *([(left.index('"'), len(text))] if '"' in left else [])]


def blanked(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with a sign of no meaning in place of these stretches, every place as it was."""
    for start, end in spans:
        text = text[:start] + "\x00" * (end - start) + text[end:]
    return text


def foreign(text: str, others: frozenset[str], own: frozenset[str]) -> Iterator[tuple[int, int]]:
    """The lines that are in another language, by the function words of others and of the text's own."""
    for line in re.finditer(r"[^\n]+", text):
        said = [one.lower() for one in re.findall(r"[^\W\d_]+", line.group())]
        strange = sum(one in others for one in said)
        if strange >= 2 and strange > sum(one in own for one in said):
            yield line.span()


def words(text: str) -> list[Word]:
    """The words of a text in order."""
    found: list[Word] = []
    last = 0
    for one in WORD.finditer(text):
        before = text[max(0, one.start() - 40) : one.start()]
        between = text[last : one.start()]
        if one.start() > 40:
            before = "\x01" + before
        first = bool(START.search(before)) and not ABBREVIATED.search(before)
        joined = bool(found) and between.isspace() and "\n" not in between
        opens = bool(OPENS.match(text, one.end()))
        found.append(Word(one.group(), one.start(), one.end(), first, joined, opens))
        last = one.end()
    return found
