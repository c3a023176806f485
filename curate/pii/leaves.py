"""The strings of a cell: a text is one, JSON has one per string, key and number. All else stays byte for
byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import NamedTuple

TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?', re.DOTALL)
SHORTEST_NUMBER = 7
"""Digits that a JSON number needs to be looked at; 1699999999 is, and is let be unless its field says
phone.
"""


class Leaf(NamedTuple):
    """One string of a cell: where it stands, what it says, the field it is under, and whether it is a
    bare number.
    """

    start: int
    stop: int
    text: str
    field: str
    number: bool


def leaves(cell: str, is_json: bool) -> list[Leaf]:
    """The strings of a cell, in order.

    >>> [(leaf.text, leaf.field) for leaf in leaves('{"tel": 33612345678, "to": ["a@b.fr"]}', True)]
    [('tel', ''), ('33612345678', 'tel'), ('to', ''), ('a@b.fr', 'to')]
    """
    if not is_json:
        return [Leaf(0, len(cell), cell, "", False)]
    found: list[Leaf] = []
    field = ""
    for match in TOKEN.finditer(cell):
        token = match.group()
        if token[0] != '"':
            if len(token) >= SHORTEST_NUMBER:
                found.append(Leaf(match.start(), match.end(), token, field, True))
            continue
        stop = match.end(1) + 1
        text = decoded(token[: stop - match.start()])
        if match.group(2):
            found.append(Leaf(match.start(), stop, text, "", False))
            field = text
        else:
            found.append(Leaf(match.start(), stop, text, field, False))
    return found


def decoded(token: str) -> str:
    """What a JSON string says; a token that is no valid JSON is taken without its quotation marks."""
    if "\\" not in token:
        return token[1:-1]
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token[1:-1]


def encoded(text: str) -> str:
    """A JSON string that says `text`, as Unicode; lone surrogates, which no UTF-8 holds, as escapes.

    >>> encoded("é \\ud800")
    '"\\\\u00e9 \\\\ud800"'
    """
    lone = any("\ud800" <= char <= "\udfff" for char in text)
    return json.dumps(text, ensure_ascii=lone)


def rebuilt(cell: str, is_json: bool, changes: Iterable[tuple[Leaf, str]]) -> str:
    """The cell with some leaves replaced; a number becomes a string.

    >>> cell = '{"id": 12345678901234567890, "tel": 33612345678}'
    >>> rebuilt(cell, True, [(leaves(cell, True)[3], "<PHONE_1>")])
    '{"id": 12345678901234567890, "tel": "<PHONE_1>"}'
    """
    pieces: list[str] = []
    done = 0
    for leaf, text in changes:
        pieces += (cell[done : leaf.start], encoded(text) if is_json else text)
        done = leaf.stop
    return "".join([*pieces, cell[done:]])
