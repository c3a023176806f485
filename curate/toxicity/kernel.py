"""From the bytes of a text to hashed n-grams and their integer sum: what training and scoring both run.

A *segment* is a sentence or a line, joined with the next while it is short, cut when it is long. Words are
written in lower case without accents; repeated letters, digits in place of letters and spaced-out letters are
undone. A word gives itself, its pair with the word before it, and the runs of 3 to 5 letters of `<word>`.
A word that names a group of people gives one shared feature and no letters, so no group's name alone can
score higher than another's. Links and @mentions give nothing.

A segment's integer logit is the sum of its features' int8 weights, divided by the square root of their number
through an integer table; a text has that of its highest segment. No float takes part, so the answer is the same
on any machine. All kernels stand in this file, for numba keys its cache on the file (curate/kernels/jit.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import uint64

from curate.kernels.jit import compiled

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

SKIPPED = 1
"""In a fold table: the character is left out and does not end a word; 0 ends one."""

_LT, _GT, _STAR = 60, 62, 42


@compiled
def _bucket(key: Any, salt: Any) -> Any:
    mixed = (key ^ salt) * _MIX
    mixed ^= mixed >> _HALF
    return np.int32((mixed * _MIX) >> _DOWN)


@compiled
def hash_word(letters: Any, count: int) -> Any:
    """FNV-1a over `count` folded letters: the key under which a word is known."""
    key = _START
    for place in range(count):
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
    """Adds the features of one word (framed: `<` and `>` stand around its letters); gives its key and the count."""
    key = hash_word(letters[1:], count)
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
        singles[0] = _LT
        singles[lone + 1] = _GT
        return _add_word(singles, lone, before, groups, found, number)
    kept = singles[2]
    before, number = _add_word(singles, 1, before, groups, found, number)
    if lone == 2:
        singles[1] = kept
        before, number = _add_word(singles, 1, before, groups, found, number)
    return before, number


@compiled
def _code_point(data: Any, at: int, stop: int) -> Any:
    """The character at byte `at` of UTF-8 and the byte after it."""
    lead = np.int64(data[at])
    if lead < 0x80:
        return lead, at + 1
    more = 1 if lead < 0xE0 else (2 if lead < 0xF0 else 3)
    value = lead & (0x3F >> more)
    for place in range(at + 1, min(at + 1 + more, stop)):
        value = (value << 6) | np.int64(data[place] & 0x3F)
    return value, at + 1 + more


@compiled
def _leet(char: int) -> int:
    """The letter that a digit or sign stands for inside a word; 0 for none."""
    if char == 48:
        return 111  # 0 o
    if char == 49 or char == 33:
        return 105  # 1 ! i
    if char == 51:
        return 101  # 3 e
    if char == 52 or char == 64:
        return 97  # 4 @ a
    if char == 53 or char == 36:
        return 115  # 5 $ s
    if char == 55:
        return 116  # 7 t
    return 0


@compiled
def _is_letter(char: int, fold: Any) -> bool:
    return char < len(fold) and 97 <= fold[char]


@compiled
def _skip_link(data: Any, at: int, stop: int) -> int:
    """The byte after a link or an @mention that starts at `at`; `at` where none does."""
    first = data[at]
    link = False
    if first == 64:  # @name, as exports and tweets write a person
        link = at + 1 < stop and (48 <= data[at + 1] <= 57 or 65 <= data[at + 1] <= 122)
    elif first == 104 and at + 7 < stop:  # http:// https://
        colon = at + 4 + (1 if data[at + 4] == 115 else 0)
        link = data[at + 1] == 116 and data[at + 2] == 116 and data[at + 3] == 112
        link = link and data[colon] == 58 and data[colon + 1] == 47
    elif first == 119 and at + 4 < stop:  # www.
        link = data[at + 1] == 119 and data[at + 2] == 119 and data[at + 3] == 46
    if not link:
        return at
    while at < stop and data[at] > 32:
        at += 1
    return at


@compiled
def segment(
    data: Any, at: int, stop: int, shortest: int, fold: Any, groups: Any, letters: Any, singles: Any, found: Any
) -> Any:
    """Writes the features of the segment that starts at byte `at` into `found`; gives their number and its end."""
    number, words, lone, count = 0, 0, 0, 0
    before = _START
    last, same = np.int64(0), 0
    fresh = True
    while at < stop:
        if fresh:
            after = _skip_link(data, at, stop)
            fresh = after != at
            if after != at:
                at = after
                continue
        char, after = _code_point(data, at, stop)
        letter = np.int64(0)
        if char < len(fold):
            letter = np.int64(fold[char])
        elif 0xFF01 <= char <= 0xFF5E:  # full width forms
            letter = np.int64(fold[char - 0xFEE0])
        alone = letter == 0 and char >= 0x2190  # a symbol, an emoji, a letter of a script without spaces
        if letter == 0 and not alone:
            following = np.int64(0)
            if after < stop:
                following = _code_point(data, after, stop)[0]
            swapped = _leet(char)
            if char == _STAR and count > 0:
                letter = np.int64(_STAR)
            elif swapped and _is_letter(following, fold) and (count > 0 or char == 36):
                letter = np.int64(swapped)
            elif swapped and count > 0 and following == char:
                letter = np.int64(swapped)
            elif 48 <= char <= 57:
                letter = char
        if letter == SKIPPED:  # accents written apart, zero-width characters, soft hyphens
            at = after
            if at < stop:
                continue
            letter = np.int64(0)
        elif letter:
            same = same + 1 if letter == last else 1
            last = letter
            if same == 3:
                count -= 1
            if same < 3 and count <= LONGEST_WORD:
                count += 1
                letters[count] = letter
            at = after
            fresh = False
            if at < stop:
                continue
        # A word has ended: at a separator, at a symbol, or at the end of the text.
        while count > 0 and letters[count] == _STAR and count > 4:
            count -= 1
        if count == 1 and letters[1] >= 97 and lone < LONGEST_WORD:
            lone += 1
            singles[lone] = letters[1]
        elif (count > 0 or alone) and lone > 0:
            before, number = _add_singles(singles, lone, before, groups, found, number)
            lone = 0
        if 0 < count <= LONGEST_WORD and not (count == 1 and letters[1] >= 97):
            letters[0] = _LT
            letters[count + 1] = _GT
            before, number = _add_word(letters, count, before, groups, found, number)
        if count > 0:
            words += 1
        count, same, last = 0, 0, np.int64(0)
        if letter:
            break
        at = after
        fresh = char <= 32 or char == 40 or char == 34
        if alone:
            letters[0] = _LT
            letters[1] = char
            before, number = _add_word(letters, 1, before, groups, found, number)
            words += 1
        ends = char == 10 or ((char == 46 or char == 33 or char == 63) and (at >= stop or data[at] <= 32))
        if words >= LONGEST_SEGMENT or (ends and words >= shortest):
            break
    if lone > 0:
        before, number = _add_singles(singles, lone, before, groups, found, number)
    return number, at


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
    """Features of every text, all its segments together, for training; sizes alone where `indices` is empty."""
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
