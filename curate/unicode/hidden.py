"""Characters that nobody sees: removed where they can only hide something, kept where a script needs them.

Invisible characters carry prompt injections (a whole sentence in tag characters or variation selectors
behind one emoji), break words that filters look for, and turn text around (bidirectional overrides). Yet
Persian needs the zero-width non-joiner, emoji families the joiner, flags of Wales and Scotland tag
characters. Facts: Unicode Standard ch. 23 (special areas and format characters), UTS 51 (emoji), UTS 37
(ideographic variation sequences), UAX 9 (bidirectional marks).
"""

from __future__ import annotations

import re

import polars as pl

GATE = (
    r"[\x{ad}\x{61c}\x{180e}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{fe00}-\x{fe0f}\x{feff}"
    r"\x{fff9}-\x{fffc}\x{fdd0}-\x{fdef}\x{fffe}\x{ffff}\x{e0000}-\x{e0fff}]"
)
"""Rust regex of every character this file may remove: rows without one need nothing from it."""

HERE = re.compile(re.sub(r"\\x\{(\w+)\}", lambda found: re.escape(chr(int(found[1], 16))), GATE))
"""The same for Python's regex engine."""
_ALWAYS = re.compile(
    "[\u00ad\u180e\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc\ufdd0-\ufdef\ufffe\uffff"
    "\U000e0080-\U000e00ff\U000e01f0-\U000e0fff]"
)
# One of England, Scotland, Wales or another subdivision: a black flag, three to six tags, the cancel tag.
_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
_TAGS = re.compile(f"({_FLAG})|[\U000e0000-\U000e007f]")
# A selector follows a visible base; what follows a selector or a space selects nothing and can only carry
# data. The supplementary ones select among the forms of an ideograph.
_SELECTORS = re.compile(
    "((?:^|[\\s\ufe00-\ufe0f\U000e0100-\U000e01ef]))[\ufe00-\ufe0f\U000e0100-\U000e01ef]+"
    "|([^\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af])[\U000e0100-\U000e01ef]+"
)
# Joiners mean something between letters of joining scripts and between emoji, never in or beside Latin,
# Greek or Cyrillic letters, digits, spaces and ASCII signs, and never several in a row.
_JOINERS = re.compile(
    "(^|[\u0000-\u052f\u2000-\u200b\u2010-\u2027\u202f-\u206f])[\u200c\u200d]+|([\u200c\u200d])[\u200c\u200d]+"
)
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_MARKS = re.compile("[\u200e\u200f\u061c]")


def remove_hidden(text: str) -> str:
    r"""The text without characters that only hide something.

    Left alone: joiners of Persian, Indic scripts and emoji, one variation selector after a sign, keycaps,
    flags, ideographic variants, and left-to-right marks in texts that hold right-to-left letters.

    >>> remove_hidden("pay\u200bpal \U0001f468\u200d\U0001f469\u200d\U0001f467 می\u200cخواهم")
    'paypal 👨\u200d👩\u200d👧 می\u200cخواهم'
    >>> remove_hidden("hello" + "".join(chr(0xE0000 + ord(letter)) for letter in "obey me"))
    'hello'
    """
    text = _ALWAYS.sub("", text)
    text = _TAGS.sub(lambda found: found[1] or "", text)
    text = _SELECTORS.sub(lambda found: found[1] or found[2] or "", text)
    text = _JOINERS.sub(lambda found: found[1] or found[2] or "", text)
    if _MARKS.search(text) and not _RIGHT_TO_LEFT.search(text):
        text = _MARKS.sub("", text)
    return text


def count_hidden(texts: pl.Series) -> pl.Series:
    r"""How many hidden characters `remove_hidden` takes from each text, as UInt32.

    >>> count_hidden(pl.Series(["plain", "a\u200bb\u200b", "❤\ufe0f"])).to_list()
    [0, 2, 0]
    """
    found = texts.str.contains(GATE)
    places = found.fill_null(False).arg_true()
    counts = [len(text) - len(remove_hidden(text)) for text in texts.gather(places)]
    return pl.zeros(len(texts), pl.UInt32, eager=True).scatter(places, counts).rename(texts.name)
