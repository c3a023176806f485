"""Texts for the page: word differences, and characters that would not be seen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from markupsafe import Markup

TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
STAND_IN = re.compile(r"(<[A-Z][A-Z_]*_\d+>)")
LONG = 13
"""Letters from which a word in a table may break."""
BREAKS = re.compile(r"[^/._=-]{0,23}[/._=-]+|[^/._=-]{1,24}")
UNSEEN = ("Cc", "Cf", "Co", "Cn", "Zl", "Zp")
SEEN = "\n\t\u200d"
"""Line feeds and tabs show as themselves; a joiner inside an emoji belongs to it."""

Kind = Literal["same", "gone", "new"]


class Piece(NamedTuple):
    """A run of text that stayed, went or came."""

    kind: Kind
    text: str


class Bit(NamedTuple):
    """Text, a character named because it cannot be seen, or a stand-in for a private value."""

    kind: Literal["text", "unseen", "stand_in"]
    text: str


def compare(before: str, after: str) -> list[Piece]:
    """What went and what came, word by word, in reading order (Ratcliff and Obershelp, as in difflib).

    >>> [tuple(piece) for piece in compare("a <b>word</b>", "a word")]
    [('same', 'a '), ('gone', '<b>'), ('same', 'word'), ('gone', '</b>')]
    """
    old, new = TOKEN.findall(before), TOKEN.findall(after)
    pieces: list[Piece] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(old[i:j])))
            continue
        if i < j:
            pieces.append(Piece("gone", "".join(old[i:j])))
        if k < m:
            came = "".join(new[k:m])
            # Line breaks that came show themselves; marking them would only make blocks of colour.
            pieces.append(Piece("same" if came.isspace() and came.isascii() else "new", came))
    return pieces


def bits(text: str, *, changed: bool = False) -> Iterator[Bit]:
    """The text with unseen characters named, and stand-ins apart.

    Where it `changed`, no-break spaces are named too: there they may be the whole difference.

    >>> [tuple(bit) for bit in bits("call <PHONE_1>\\u200b")]
    [('text', 'call '), ('stand_in', '<PHONE_1>'), ('unseen', 'U+200B')]
    """
    for i, run in enumerate(STAND_IN.split(text)):
        if i % 2:
            yield Bit("stand_in", run)
            continue
        start = 0
        for place, sign in enumerate(run):
            if sign.isascii() and (sign >= " " or sign in SEEN):
                continue
            if not _unseen(sign, changed):
                continue
            if start < place:
                yield Bit("text", run[start:place])
            yield Bit("unseen", f"U+{ord(sign):04X}")
            start = place + 1
        if start < len(run):
            yield Bit("text", run[start:])


def breakable(text: str) -> Markup:
    """The text, escaped, with places to break at in its long words: after `/ . _ - =`, and every 24 letters.

    >>> str(breakable("a < b")), str(breakable("support/helpdesk.jsonl"))
    ('a &lt; b', 'support/<wbr>helpdesk.<wbr>jsonl')
    """
    return Markup(" ").join(
        word if len(word) < LONG else Markup("<wbr>").join(BREAKS.findall(word)) for word in text.split(" ")
    )


def _unseen(sign: str, changed: bool) -> bool:
    if sign in SEEN:
        return False
    if unicodedata.category(sign) in UNSEEN:
        return True
    return changed and unicodedata.category(sign) == "Zs" and sign != " "
