"""Character references (`&eacute;`, `&#39;`) decoded, only where closed by a semicolon.

The decoder follows the HTML standard's table of names (html.entities) and its reading of numbers 128 to 159
as Windows-1252. Left alone: `&copy 2024` and `a&b` (no semicolon), names that do not exist, numbers that
name no character (0, lone surrogates, controls).
"""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5

from curate.markup.mentions import is_damaged, references_spoken_of
from curate.markup.rules import markup

REFERENCE = re.compile(r"&(?:#(?:[0-9]{1,7}|[xX][0-9a-fA-F]{1,6})|[A-Za-z][A-Za-z0-9]{1,31});")
# Emoji written as the two halves of their UTF-16 form, as some exports do.
_HALVES = re.compile(
    r"&#(?:(?P<h>5[56]\d{3})|[xX](?P<hx>[dD][89abAB][0-9a-fA-F]{2}));"
    r"&#(?:(?P<l>5[67]\d{3})|[xX](?P<lx>[dD][c-fC-F][0-9a-fA-F]{2}));"
)
_QUOTED = re.compile(r"(?P<open>[\"'“‘«(\[])(?P<inner>&[#\w]+;)(?=[\"'”’»)\]])")


def decode(text: str, *, every_name: bool = False) -> str:
    """The text with its character references as characters; stacked ones (`&amp;eacute;`) too.

    With `every_name` all names of the standard, else those that rules/markup.toml holds safe in a text
    without tags; there a reference that stands alone in quotes or brackets is spoken of, and stays. A text
    that speaks of one in its sentence ("use &nbsp;") stays whole, unless an export escaped all of it.

    >>> decode("l&#39;&eacute;t&eacute; AT&amp;T &lt;3")
    "l'été AT&T <3"
    >>> decode("x = &reg; f(&copy 2024) write '&amp;'")
    "x = &reg; f(&copy 2024) write '&amp;'"
    """
    if "&" not in text:
        return text
    names = None if every_name else markup().entities
    text = _HALVES.sub(_join_halves, text)
    stay: list[tuple[int, int]] = [] if every_name else references_spoken_of(text)
    if stay and not is_damaged(text):
        return text
    # One that is spoken of in an escaped text was escaped with it: `&amp;nbsp;` loses one level, then stays.
    spoken_of = set() if every_name else {found.start("inner") for found in _QUOTED.finditer(text)}
    out = REFERENCE.sub(
        lambda found: (
            found[0] if found.start() in spoken_of or (found.span() in stay) else _character(found[0], names)
        ),
        text,
    )
    if out == text:
        return text
    return decode(out, every_name=every_name) if "&" in out else out


def _character(reference: str, names: frozenset[str] | None) -> str:
    name = reference[1:-1]
    if name[0] != "#":
        if (names is not None and name not in names) or f"{name};" not in html5:
            return reference
        return " " if name == "nbsp" else html5[f"{name};"]
    number = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
    if (
        number > 0x10FFFF
        or 0xD800 <= number < 0xE000
        or (number < 32 and number not in (9, 10, 13))
        or number == 127
    ):
        return reference
    return " " if number == 160 else unescape(reference)


def _join_halves(found: re.Match[str]) -> str:
    high = int(found["h"]) if found["h"] else int(found["hx"], 16)
    low = int(found["l"]) if found["l"] else int(found["lx"], 16)
    if not (0xD800 <= high < 0xDC00 <= low < 0xE000):
        return found[0]
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
