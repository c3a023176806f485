"""A text as a person would read it, with the way back: encodings undone, so that one pattern finds all
spellings.

`jean&#64;exemple.fr`, `jean%40exemple.fr`, `jean@exemple.fr` with full-width letters or with invisible
characters between read the same in the view. Each place of the view knows the characters it came from.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from typing import NamedTuple

HIDDEN = (
    "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\u0300-\u036f\ufe00-\ufe0f"
)
CHANGING = re.compile(
    rf"[{HIDDEN}]+|&#[0-9]{{1,7}};?|&#[xX][0-9a-fA-F]{{1,6}};?|&[a-zA-Z]{{2,20}};|%[0-9A-Fa-f]{{2}}"
    r"|\\u[0-9a-fA-F]{4}|\\[nrt]|=\r?\n"
)
"""What stands for other characters than it shows: entities, percent codes, escapes, quoted-printable line
ends.
"""
MARKED = re.compile(
    rf"[{HIDDEN}&%\\=](?:(?<=[{HIDDEN}])|(?<=&)[#a-zA-Z]|(?<=%)[0-9A-Fa-f]{{2}}|(?<=\\)[unrt]|(?<==)\r?\n)"
)
"""Whether there is any: it begins with a class of characters, to which Python's engine leaps."""
TAG = re.compile(r"<(?!(?:[A-Z]+(?:_\d+)?>))/?[a-zA-Z][^<>]{0,400}>|<!--.*?-->", re.DOTALL)


class View(NamedTuple):
    """The readable text and how its places map to the text it was made from."""

    text: str
    places: list[int]  # places in the view where the distance to the source changes
    sources: list[int]  # the source place of each
    stops: list[int]  # the source place where the stretch before each ended

    def start(self, place: int) -> int:
        """The source place of the view's place, taken as the beginning of something."""
        if not self.places:
            return place
        last = bisect_right(self.places, place) - 1
        return place if last < 0 else self.sources[last] + place - self.places[last]

    def stop(self, place: int) -> int:
        """The source place of the view's place, taken as the end of something."""
        return self.start(place - 1) + 1 if not self.places else self._after(place - 1)

    def _after(self, place: int) -> int:
        last = bisect_right(self.places, place) - 1
        if last < 0:
            return place + 1
        # A stretch of the view that one code made (%40) ends where the code ends.
        return (
            self.stops[last] if self.stops[last] >= 0 else self.sources[last] + place - self.places[last] + 1
        )


class Folding(dict[int, str | int]):
    """A table for str.translate, filled as characters come: letters without accents, plain digits and
    signs.
    """

    def __missing__(self, code: int) -> str | int:
        plain: str | int = code if code < 128 else folded(chr(code))
        self[code] = plain
        return plain


def folded(char: str) -> str:
    """The one plain character that reads like `char`, or `char` itself; always one character long.

    >>> "".join(folded(c) for c in "é＠２–’ß²")
    "e@2-'ß²"
    """
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.digit(char))
    if category == "Zs":
        return " "
    if category == "Pd":
        return "-"
    if char in "’‘ʼ":
        return "'"
    if unicodedata.decomposition(char).startswith(("<wide>", "<font>", "<narrow>")) or category[0] == "L":
        plain = unicodedata.normalize("NFKD", char)
        if plain[0].isascii() and all(unicodedata.combining(mark) for mark in plain[1:]):
            return plain[0]
    return char


FOLDING = Folding()


def view(text: str, tags: bool = False) -> View:
    """The view of `text`; with `tags`, markup is left out of it too (for texts as they were read).

    >>> view("jean&#64;exemple.fr").text
    'jean@exemple.fr'
    >>> seen = view("a %40 b"); seen.text, seen.start(2), seen.stop(3)
    ('a @ b', 2, 5)
    """
    plain = text if text.isascii() else text.translate(FOLDING)
    if not MARKED.search(plain) and not (tags and "<" in plain):
        return View(plain, [], [], [])
    pattern = re.compile(f"{TAG.pattern}|{CHANGING.pattern}", re.DOTALL) if tags else CHANGING
    pieces: list[str] = []
    places: list[int] = []
    sources: list[int] = []
    stops: list[int] = []
    length = done = 0
    for match in pattern.finditer(plain):
        reads = meaning(match.group())
        if reads is None:
            continue
        pieces.append(plain[done : match.start()])
        length += match.start() - done
        if reads:
            places.append(length)
            sources.append(match.start())
            stops.append(match.end())
            pieces.append(reads)
            length += len(reads)
        places.append(length)
        sources.append(match.end())
        stops.append(-1)
        done = match.end()
    pieces.append(plain[done:])
    return View("".join(pieces), places, sources, stops)


def meaning(code: str) -> str | None:
    """What a code reads as: "" for what is invisible, None for what only looks like a code."""
    if code[0] == "&":
        reads = html.unescape(code)
        return None if reads == code or len(reads) != 1 else folded(reads)
    if code[0] == "%":
        # Beyond ASCII a percent code is part of a longer sequence; nothing that we look for begins there.
        number = int(code[1:], 16)
        return chr(number) if 32 <= number < 127 else None
    if code[0] == "\\":
        if code[1] != "u":
            return " "
        number = int(code[2:], 16)
        return None if 0xD800 <= number < 0xE000 or number < 32 else folded(chr(number))
    return ""


def deep(text: str) -> str:
    """The text with every layer of encoding and markup undone: for asking whether anything is left in it.

    >>> deep("jean&amp;#64;<b>exemple</b>.fr")
    'jean@exemple.fr'
    """
    for _ in range(4):
        plain = view(text, tags=True).text
        if plain == text:
            break
        text = plain
    return text
