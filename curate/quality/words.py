"""A kernel over the bytes of messages: words, repeated words, garbled letters, at about a million a second.

A word is a run of letters, digits and apostrophes; an ideograph or kana is a word by itself. General
punctuation, symbols and emoji part words.

Repetition is the share of words that stand in a sequence said before in the same message (after the duplicate
n-gram fractions of Rae et al. 2021, arXiv:2112.11446, A1.1, over four words, or ten ideographs). Garbled is
the share of letters in words that no language writes: walks along the rows of a keyboard and long words
almost without vowels, and signs that stand for lost ones (U+FFFD, private use).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.kernels.buffers import text_buffers
from curate.kernels.jit import compiled

_MULTIPLY = np.uint64(0x9E3779B97F4A7C15)
_SEQUENCE, _SEQUENCE_SIGNS = 4, 10

# Neighbours along the rows of English, French and German keyboards.
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn", "qwertzuiop", "yxcvbnm")
_WALK = np.zeros((26, 26), dtype=np.int8)  # 1: the next key to the right, -1: to the left
for _row in _ROWS:
    for _left, _right in pairwise(_row):
        _WALK[ord(_left) - 97, ord(_right) - 97] = 1
        _WALK[ord(_right) - 97, ord(_left) - 97] = -1
_VOWEL = np.array([chr(97 + place) in "aeiouy" for place in range(26)])
_HOME = np.array([chr(97 + place) in "asdfghjkl" for place in range(26)])


@compiled
def _kind(data: NDArray[np.uint8], at: int, stop: int) -> tuple[int, int]:
    """What stands at a byte (0 nothing, 1 part of a word, 2 a whole word, 3 a lost sign), and its bytes."""
    byte = data[at]
    if byte < 0x80:
        letter = (97 <= byte <= 122) or (65 <= byte <= 90) or (48 <= byte <= 57) or byte == 39
        return (1 if letter else 0), 1
    size = 2 if byte < 0xE0 else (3 if byte < 0xF0 else 4)
    second = data[at + 1] if at + 1 < stop else np.uint8(0)
    third = data[at + 2] if at + 2 < stop else np.uint8(0)
    if size == 2:
        return (0 if byte == 0xC2 and second not in (0xAA, 0xB5, 0xBA) else 1), 2
    if size == 4:
        return (
            2 if byte == 0xF0 and 0xA0 <= second <= 0xB2 else (3 if byte >= 0xF3 and second >= 0xB0 else 0)
        ), 4
    if byte == 0xEF:
        if (second == 0xBF and third == 0xBD) or second < 0xA4:
            return 3, 3
        return (0 if second == 0xBC and third < 0x90 else (1 if second >= 0xAC else 2)), 3
    if byte == 0xEE:
        return 3, 3
    if byte == 0xE2:
        if second == 0x80 and third == 0x99:  # the apostrophe
            return 1, 3
        return (0 if second < 0xB0 else 1), 3
    if byte == 0xE3:
        return (0 if second == 0x80 else 2), 3
    return (2 if 0xE4 <= byte <= 0xE9 else 1), 3


@compiled
def _mashed(
    data: NDArray[np.uint8],
    start: int,
    stop: int,
    walk: NDArray[np.int8],
    vowel: NDArray[np.bool_],
    home: NDArray[np.bool_],
) -> bool:
    """Whether a word of plain letters is what hands make that only hit keys."""
    length = stop - start
    if length < 6 or length > 60:
        return False
    run = longest = vowels = homes = steps = most = same = 0
    before = -1
    way = np.int8(0)
    for at in range(start, stop):
        byte = data[at]
        if 65 <= byte <= 90:
            return False  # capitals: names, codes, camelCase
        if not 97 <= byte <= 122:
            return False
        letter = int(byte) - 97
        if vowel[letter]:
            vowels += 1
            run = 0
        elif letter != before:  # drawn out letters (`hmmmm`, `thankssss`) are a way to speak
            run += 1
            longest = max(longest, run)
        same += letter == before
        homes += home[letter]
        turn = walk[before, letter] if before >= 0 else np.int8(0)
        steps = 0 if turn == 0 else (steps + 1 if turn == way else 1)
        way = turn
        most = max(most, steps)
        before = letter
    if length >= 12 and same == length - 1:  # one key held down
        return True
    if most >= 4:  # five keys side by side
        return True
    if length >= 8 and longest >= 6 and vowels * 8 < length:
        return True
    return longest >= 5 and homes * 100 >= 85 * length


@compiled
def _read_words(
    data: NDArray[np.uint8],
    at: int,
    stop: int,
    hashes: NDArray[np.uint64],
    keys: tuple[NDArray[np.int8], NDArray[np.bool_], NDArray[np.bool_]],
) -> tuple[int, int, int, int]:
    """Writes the hashes of a text's words; gives words, ideographs among them, letters, garbled letters."""
    count = signs = letters = bad = 0
    while at < stop:
        kind, step = _kind(data, at, stop)
        if kind == 0:
            at += step
            continue
        if kind == 3:
            bad += 1
            letters += 1
            at += step
            continue
        begin, state = at, np.uint64(kind)
        while at < stop:
            kind, step = _kind(data, at, stop)
            if (kind != 1 and at > begin) or kind in (0, 3):
                break
            for place in range(at, min(at + step, stop)):
                byte = np.uint64(data[place])
                byte += np.uint64(32) if 65 <= byte <= 90 else np.uint64(0)
                state = (state ^ byte) * _MULTIPLY
                state ^= state >> np.uint64(29)
            letters += 1
            at += step
            if kind == 2:
                signs += 1
                break
        hashes[count] = state
        count += 1
        if kind != 2 and _mashed(data, begin, min(at, stop), *keys):
            bad += at - begin
    return count, signs, letters, bad


@compiled
def _measure(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    keys: tuple[NDArray[np.int8], NDArray[np.bool_], NDArray[np.bool_]],
) -> tuple[NDArray[np.uint32], NDArray[np.float64], NDArray[np.float64]]:
    rows = len(starts)
    words, repeated, garbled = np.zeros(rows, np.uint32), np.zeros(rows), np.zeros(rows)
    widest = 1
    for row in range(rows):
        widest = max(widest, stops[row] - starts[row])
    hashes = np.empty(widest + 1, np.uint64)
    size = 16
    while size < 2 * widest:
        size *= 2
    table, stamp = np.zeros(size, np.uint64), np.zeros(size, np.int64)
    for row in range(rows):
        count, signs, letters, bad = _read_words(data, starts[row], stops[row], hashes, keys)
        words[row] = count
        garbled[row] = bad / letters if letters else 0.0
        span = _SEQUENCE_SIGNS if 2 * signs > count else _SEQUENCE
        repeated[row] = _repeated(hashes, count, span, table, stamp, row + 1)
    return words, repeated, garbled


@compiled
def _repeated(
    hashes: NDArray[np.uint64],
    count: int,
    span: int,
    table: NDArray[np.uint64],
    stamp: NDArray[np.int64],
    now: int,
) -> float:
    """Share of the words in a sequence of `span` words that stood before; `stamp`: whose entry it is."""
    if count <= span:
        return 0.0
    size = 16
    while size < 2 * count:
        size *= 2
    mask = np.uint64(size - 1)
    covered = 0
    reach = 0  # words before this place are counted
    for first in range(count - span + 1):
        state = np.uint64(span)
        for place in range(first, first + span):
            state = (state ^ hashes[place]) * _MULTIPLY
            state ^= state >> np.uint64(31)
        slot = state & mask
        while stamp[slot] == now and table[slot] != state:
            slot = (slot + np.uint64(1)) & mask
        if stamp[slot] == now:
            covered += first + span - max(reach, first)
            reach = first + span
        else:
            stamp[slot] = now
            table[slot] = state
    return covered / count


def word_signals(texts: pl.Series) -> pl.DataFrame:
    """`words` (UInt32), `repetition` and `garbled` (Float64, shares from 0 to 1) of each text.

    >>> word_signals(pl.Series(["Thanks, that fixed it!", "你好！", "no no no no no no", "asdfghjkl"])).rows()
    [(4, 0.0, 0.0), (2, 0.0, 0.0), (6, 0.8333, 0.0), (1, 0.0, 1.0)]
    """
    words, repeated, garbled = _measure(*text_buffers(texts), (_WALK, _VOWEL, _HOME))
    return pl.DataFrame({"words": words, "repetition": repeated.round(4), "garbled": garbled.round(4)})
