"""The form in which texts are compared: composed, folded to one case, plain quotes, single spaces.

A shadow form for keys and shingles, never stored. It is Unicode NFC, then code point by code point: simple
case folding (CaseFolding.txt, statuses C and S), full-width ASCII to ASCII, typographic quotes to straight
ones, every white space to a space; runs of spaces become one, those at the ends none. Not NFKC, on purpose:
that turns `5²` into `52`.
"""

from __future__ import annotations

import functools
import unicodedata

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.kernels.buffers import Texts, join_texts, text_buffers
from curate.kernels.jit import compiled

_PLANE = 0x10000
_COMPOSED_BELOW = 0x20000  # emoji are the highest of the everyday ones
_QUOTES = {0x2018: "'", 0x2019: "'", 0x201B: "'", 0x201C: '"', 0x201D: '"', 0x201F: '"', 0x02BC: "'"}
_SPACES = (*range(0x09, 0x0E), *range(0x1C, 0x21), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029)
_SPACES += (0x202F, 0x205F, 0x3000)

COMPOSED = (
    (0x0000, 0x0300), (0x0388, 0x0483), (0x048A, 0x0530), (0x05D0, 0x05EB), (0x0620, 0x064B),
    (0x0E01, 0x0E38), (0x2010, 0x2060), (0x20A0, 0x20C0), (0x2190, 0x2200), (0x2500, 0x2900),
    (0x3003, 0x302A), (0x3041, 0x3099), (0x30A1, 0x3100), (0x3400, 0x4DC0), (0x4E00, 0xA000),
    (0xAC00, 0xD7A4), (0xFF00, 0xFFF0), (0x1F300, 0x1FB00),
)  # fmt: skip
"""Ranges of code points (end excluded) that NFC leaves as they are, whatever stands beside them.

A text of these alone is composed as it stands. The ranges are those of everyday scripts; a test checks each
code point. Any other text is given to Polars' NFC.
"""


@functools.lru_cache(1)
def fold_table() -> NDArray[np.uint16]:
    """What each code point below 0x10000 becomes; those above stay.

    >>> [chr(fold_table()[ord(letter)]) for letter in "É’Ａς\\n"]
    ['é', "'", 'a', 'σ', ' ']
    """
    table = np.arange(_PLANE, dtype=np.uint16)
    for point in range(_PLANE):
        if not 0xD800 <= point < 0xE000:
            table[point] = ord(_fold_point(chr(point)))
    return table


def _fold_point(letter: str) -> str:
    point = ord(letter)
    if point in _SPACES:
        return " "
    if point in _QUOTES:
        return _QUOTES[point]
    if 0xFF01 <= point <= 0xFF5E:
        letter = chr(point - 0xFEE0)
    for folded in (letter.casefold(), letter.lower()):
        if len(folded) == 1 and ord(folded) < _PLANE:
            return folded
    return letter


def fold(text: str) -> str:
    """One text in the form that is compared: the definition, in plain Python; kernels give the same.

    >>> fold("  Ｈello\\tWORLD,  l’été\\n")
    "hello world, l'été"
    """
    table = fold_table()
    composed = unicodedata.normalize("NFC", text)
    points = (int(table[ord(letter)]) if ord(letter) < _PLANE else ord(letter) for letter in composed)
    return " ".join(word for word in "".join(map(chr, points)).split(" ") if word)


@compiled
def _decode(data: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """The code point at a byte and where the next one starts; UTF-8 is valid, Polars sees to that."""
    lead = int(data[at])
    if lead < 0x80:
        return lead, at + 1
    if lead < 0xE0:
        return ((lead & 0x1F) << 6) | (int(data[at + 1]) & 0x3F), at + 2
    if lead < 0xF0:
        point = ((lead & 0x0F) << 12) | ((int(data[at + 1]) & 0x3F) << 6) | (int(data[at + 2]) & 0x3F)
        return point, at + 3
    point = ((lead & 0x07) << 18) | ((int(data[at + 1]) & 0x3F) << 12)
    return point | ((int(data[at + 2]) & 0x3F) << 6) | (int(data[at + 3]) & 0x3F), at + 4


@compiled
def fold_into(
    data: NDArray[np.uint8], start: int, stop: int, table: NDArray[np.uint16], points: NDArray[np.uint32]
) -> int:
    """Writes the folded code points of `data[start:stop]` (composed already); gives how many there are.

    `points` must hold at least `stop - start`.
    """
    number, at, in_space = 0, start, True
    while at < stop:
        lead = data[at]
        if lead < 0x80:
            point = int(table[lead])
            at += 1
        else:
            point, at = _decode(data, at)
            if point < 0x10000:
                point = int(table[point])
        if point != 0x20:
            points[number] = point
            number += 1
            in_space = False
        elif not in_space:
            points[number] = 0x20
            number += 1
            in_space = True
    if number and in_space:
        number -= 1
    return number


@functools.lru_cache(1)
def _composed_table() -> NDArray[np.bool_]:
    table = np.zeros(_COMPOSED_BELOW, np.bool_)
    for start, stop in COMPOSED:
        table[start:stop] = True
    return table


@compiled
def _uncertain(
    data: NDArray[np.uint8], starts: NDArray[np.int64], stops: NDArray[np.int64], composed: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which texts hold a code point outside the composed ranges."""
    found = np.zeros(len(starts), np.bool_)
    for row in range(len(starts)):
        at = starts[row]
        while at < stops[row]:
            if data[at] < 0x80:
                at += 1
                continue
            point, at = _decode(data, at)
            if point >= len(composed) or not composed[point]:
                found[row] = True
                break
    return found


def composed_buffers(texts: pl.Series) -> Texts:
    """The bytes of the texts in NFC; costs next to nothing where the texts are composed already.

    >>> composed = composed_buffers(pl.Series(["plain", "e\\u0301"]))
    >>> bytes(composed.data[composed.starts[1] : composed.stops[1]]).decode()
    'é'
    """
    plain = text_buffers(texts)
    rows = np.flatnonzero(_uncertain(*plain, _composed_table()))
    if not len(rows):
        return plain
    normal = text_buffers(texts.gather(rows).str.normalize("NFC"))
    joined, number = join_texts([plain, normal]), len(plain.starts)
    joined.starts[rows], joined.stops[rows] = joined.starts[number:], joined.stops[number:]
    return Texts(joined.data, joined.starts[:number], joined.stops[:number])
