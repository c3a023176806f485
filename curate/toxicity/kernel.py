"""From the bytes of a text to hashed n-grams and their integer sum: what training and scoring both run.

A *segment* is a sentence or a line, joined with the next while it is short, cut when it is long. Words are
written in lower case without accents; repeated letters, digits in place of letters and spaced-out letters are
undone. A word gives itself, its pair with the word before it, and the runs of 3 to 5 letters of `<word>`.
A word that names a group of people gives one shared feature and no letters, so no group's name alone can
score higher than another's. Links and @mentions give nothing.

A segment's integer logit is the sum of its features' int8 weights, divided by the square root of their number
through an integer table; a text has that of its highest segment. No float takes part, so the answer is the
same on any machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint64

from curate.kernels.jit import compiled
from curate.toxicity.letters import NEWLINE, SPACE, STAR, SYMBOLS, after_link, read_word

BUCKETS_LOG2 = 19
"""Features are hashed into 2**19 buckets: one byte of weight each."""
SHORTEST_SEGMENT = 4
"""Words below which a segment is joined with the next."""
LONGEST_SEGMENT = 48
"""Words after which a segment is cut."""
LONGEST_WORD = 30
"""Letters after which a word is taken for a code or a blob and gives nothing."""
MOST_FEATURES = (LONGEST_SEGMENT + 3) * (3 * LONGEST_WORD + 2)
"""Features that one segment can have: words, pairs and runs of letters."""
ROOTS = np.array([0] + [round(65536 / number**0.5) for number in range(1, MOST_FEATURES + 1)], dtype=np.int64)
"""65536 / sqrt(n), rounded: division by a square root in integers."""
SHIFT = 14
"""Bits by which a weighted sum times ROOTS is shifted down: a logit counts quarters of a weight."""
NOTHING = -(1 << 40)
"""The logit of a text in which there is no word."""

_PRIME = np.uint64(0x100000001B3)
_START = np.uint64(0xCBF29CE484222325)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_GROUP = np.uint64(0x67726F7570)
_PAIR = np.uint64(0xA0761D6478BD642F)
_LETTERS = np.uint64(0xE7037ED1A0B428DB)
_WORD = np.uint64(0x8EBC6AF09C88C6E3)
_DOWN = np.uint64(64 - BUCKETS_LOG2)
_HALF = np.uint64(32)

_LT, _GT = 60, 62
_FIRST_LETTER = 97


@compiled
def _bucket(key: Any, salt: Any) -> Any:
    mixed = (key ^ salt) * _MIX
    mixed ^= mixed >> _HALF
    return np.int32((mixed * _MIX) >> _DOWN)


@compiled
def hash_word(letters: Any, first: int, count: int) -> Any:
    """FNV-1a over `count` folded letters from `first` on: the key under which a word is known."""
    key = _START
    for place in range(first, first + count):
        key = (key ^ uint64(letters[place])) * _PRIME
    return key


@compiled
def _known(groups: Any, key: Any) -> bool:
    low, high = 0, len(groups)
    while low < high:
        middle = (low + high) >> 1
        if groups[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low < len(groups) and groups[low] == key


@compiled
def _add_word(letters: Any, count: int, before: Any, groups: Any, found: Any, number: int) -> Any:
    """Adds the features of one word, framed by `<` and `>`; gives its key and the number of features."""
    letters[0], letters[count + 1] = _LT, _GT
    key = hash_word(letters, 1, count)
    if _known(groups, key):
        if before == _GROUP:
            return _GROUP, number
        found[number] = _bucket(_GROUP, _WORD)
        found[number + 1] = _bucket(before * _PRIME + _GROUP, _PAIR)
        return _GROUP, number + 2
    found[number] = _bucket(key, _WORD)
    found[number + 1] = _bucket(before * _PRIME + key, _PAIR)
    number += 2
    if count < 2:
        return key, number
    for first in range(count):
        run = _START
        for length in range(1, 6):
            if first + length > count + 2:
                break
            run = (run ^ uint64(letters[first + length - 1])) * _PRIME
            if length >= 3:
                found[number] = _bucket(run, _LETTERS)
                number += 1
    return key, number


@compiled
def _add_singles(singles: Any, lone: int, before: Any, groups: Any, found: Any, number: int) -> Any:
    """Adds single letters that stood in a row: as one word from three on (`h a t e`), else each alone."""
    if lone >= 3:
        return _add_word(singles, lone, before, groups, found, number)
    kept = singles[2]
    before, number = _add_word(singles, 1, before, groups, found, number)
    if lone == 2:
        singles[1] = kept
        before, number = _add_word(singles, 1, before, groups, found, number)
    return before, number


@compiled
def segment(
    data: Any,
    at: int,
    stop: int,
    shortest: int,
    fold: Any,
    groups: Any,
    letters: Any,
    singles: Any,
    found: Any,
) -> Any:
    """Writes into `found` the features of the segment at byte `at`; gives their number and its end."""
    number, words, lone = 0, 0, 0
    before = _START
    fresh = True  # whether a link could start here
    while at <= stop:  # one past the end reads as a newline, which ends the last word
        if fresh and at < stop and (data[at] == 64 or data[at] == 104 or data[at] == 119):  # @ h w
            at = after_link(data, at, stop)
        count, char, at = read_word(data, at, stop, fold, letters, LONGEST_WORD)
        fresh = char <= SPACE or char == 40 or char == 34  # ( "
        while count > 4 and letters[count] == STAR:  # **bold**
            count -= 1
        words += count > 0
        if count == 1 and letters[1] >= _FIRST_LETTER and lone < LONGEST_WORD:
            lone += 1
            singles[lone] = letters[1]
            count = 0
        if lone > 0 and (count > 0 or char >= SYMBOLS):
            before, number = _add_singles(singles, lone, before, groups, found, number)
            lone = 0
        if 0 < count <= LONGEST_WORD:
            before, number = _add_word(letters, count, before, groups, found, number)
        if char >= SYMBOLS:
            letters[1] = char
            before, number = _add_word(letters, 1, before, groups, found, number)
            words += 1
        ends = char == NEWLINE or (
            (char == 46 or char == 33 or char == 63) and (at >= stop or data[at] <= SPACE)
        )
        if words >= LONGEST_SEGMENT or (ends and words >= shortest):
            break
    if lone > 0:
        before, number = _add_singles(singles, lone, before, groups, found, number)
    return number, min(at, stop)


@compiled
def logits(
    data: Any, starts: Any, stops: Any, weights: Any, bias: int, fold: Any, groups: Any, shortest: int
) -> Any:
    """Per text: the highest integer logit among its segments, or NOTHING where no segment has a feature."""
    letters = np.zeros(LONGEST_WORD + 4, dtype=np.int64)
    singles = np.zeros(LONGEST_WORD + 4, dtype=np.int64)
    found = np.zeros(MOST_FEATURES, dtype=np.int32)
    highest = np.empty(len(starts), dtype=np.int64)
    for text in range(len(starts)):
        at, stop = starts[text], stops[text]
        best = np.int64(NOTHING)
        while at < stop:
            number, at = segment(data, at, stop, shortest, fold, groups, letters, singles, found)
            if number > 0:
                total = np.int64(0)
                for place in range(number):
                    total += weights[found[place]]
                best = max(best, bias + ((total * ROOTS[number]) >> SHIFT))
        highest[text] = best
    return highest


@compiled
def collect(
    data: Any, starts: Any, stops: Any, fold: Any, groups: Any, shortest: int, indptr: Any, indices: Any
) -> None:
    """Features of every text, its segments together, for training; sizes alone where `indices` is empty."""
    letters = np.zeros(LONGEST_WORD + 4, dtype=np.int64)
    singles = np.zeros(LONGEST_WORD + 4, dtype=np.int64)
    found = np.zeros(MOST_FEATURES, dtype=np.int32)
    sizes_only = len(indices) == 0
    for text in range(len(starts)):
        at, stop = starts[text], stops[text]
        total = indptr[text]
        while at < stop:
            number, at = segment(data, at, stop, shortest, fold, groups, letters, singles, found)
            if not sizes_only:
                indices[total : total + number] = found[:number]
            total += number
        if sizes_only:
            indptr[text + 1] = total
