"""Repairing one text: mojibake, controls, hidden characters, composed letters.

Mojibake is repaired by ftfy (Speer 2019, doi:10.5281/zenodo.2591652) with the settings that chat needs:
quotes stay curly, wide punctuation stays wide, ligatures stay, entities are left to `strip_html`.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any

import polars as pl

from curate.passes.fixpoint import settle
from curate.unicode import hidden

_CONTROLS = r"[\x00-\x08\x0b\x0d-\x1f\x7f-\x9f\x{2028}\x{2029}]"
# Letters that composition (NFC) may change, as blocks that hold them: a superset that costs nothing.
COMPOSED = (
    r"[\p{M}\x{340}-\x{387}\x{958}-\x{95f}\x{9dc}-\x{9df}\x{a33}-\x{a5e}\x{b5c}\x{b5d}\x{f43}-\x{fb9}"
    r"\x{1161}-\x{11c2}\x{1f71}-\x{1fff}\x{2000}\x{2001}\x{2126}\x{212a}\x{212b}\x{2329}\x{232a}\x{2adc}"
    r"\x{f900}-\x{fb4e}\x{1d15e}-\x{1d1c0}\x{2f800}-\x{2fa1d}]"
)
_CONTROLS_HERE = re.compile("[\x00-\x08\x0b\x0d-\x1f\x7f-\x9f\u2028\u2029]")
_C1 = re.compile("[\x80-\x9f]")
# Syriac, Thaana and N'Ko letters: what a pair like `ßª` would be in UTF-8, and never is in a chat that
# holds no other letter of these scripts.
_RARE = re.compile("[\u0700-\u07ff]")


@functools.cache
def badness() -> str:
    """ftfy's own pattern of what looks like mojibake, in a form that Rust's regex engine takes.

    ftfy changes no encoding where it does not match, and it uses no look-around: only its layout (blanks,
    line ends and remarks outside the character classes) has to go.
    """
    from ftfy.badness import BADNESS_RE

    kept, inside, remark, last = [], False, False, ""
    for sign in BADNESS_RE.pattern:
        free = not inside and last != "\\"
        remark = (remark and sign != "\n") or (free and sign == "#")
        if remark or (free and sign in " \t\r\n\f\v"):
            last = ""
            continue
        if last != "\\":
            inside = sign == "[" or (inside and sign != "]")
        kept.append(sign)
        last = "" if last == "\\" else sign
    return "".join(kept)


@functools.cache
def _settings() -> Any:
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        unescape_html=False,
        uncurl_quotes=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        normalization=None,
        explain=False,
    )


def needs_repair(text: pl.Expr) -> pl.Expr:
    """Texts in which `repair` may change something; never misses one, and takes about one row in seventy."""
    ascii_only = text.str.len_bytes() == text.str.len_chars()
    foreign = text.str.contains(badness()) | text.str.contains(hidden.GATE) | text.str.contains(COMPOSED)
    return text.str.contains(_CONTROLS) | (~ascii_only & foreign)


def _once(text: str) -> str:
    from ftfy import fix_text

    fixed = fix_text(text, _settings())
    if _RARE.search(fixed) and not _RARE.search(text):
        fixed = fix_text(text, _settings()._replace(fix_encoding=False))
    fixed = hidden.remove_hidden(_C1.sub("", fixed))
    return unicodedata.normalize("NFC", fixed)


def repair(text: str) -> str:
    r"""The text with wrongly decoded bytes, controls and hidden characters put right, composed (NFC).

    >>> repair("Ã§a va trÃ¨s bien\x00")
    'ça va très bien'
    >>> repair("你好，世界！ “quoted” ﬁn ½")
    '你好，世界！ “quoted” ﬁn ½'
    """
    return settle(_once, text) if _suspect(text) else text


def _suspect(text: str) -> bool:
    """`needs_repair` for one text, sharper: ftfy is slow even where it changes nothing."""
    from ftfy.badness import is_bad

    if _CONTROLS_HERE.search(text):
        return True
    if text.isascii():
        return False
    return (
        bool(is_bad(text))
        or hidden.HERE.search(text) is not None
        or not unicodedata.is_normalized("NFC", text)
    )
