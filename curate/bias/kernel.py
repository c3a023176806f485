"""Words of many texts and the phrases of a lexicon among them, over UTF-8 bytes."""

from __future__ import annotations

import functools
import unicodedata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curate.kernels.jit import compiled

BREAK = 0
"""In the fold table: ends a word, and no phrase goes across it."""
GAP = 1
"""Ends a word; a phrase may go on: blanks, hyphens, apostrophes."""
UNSEEN = 2
"""Is not read: accents that stand alone, joiners, soft hyphens."""
LONGEST = 5
_GAPS = " \u00a0\u202f\u2009-\u2010\u2011'\u2018\u2019\u02bc"
_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_FIRST = np.uint64(0xCBF29CE484222325)
_PRIME = np.uint64(0x100000001B3)
_MIX = np.uint64(0x9E3779B185EBCA87)


@functools.lru_cache(1)
def fold_table() -> NDArray[np.uint16]:
    """What each code point below 0x10000 is read as: a plain lower-case letter, or one of the marks above.

    >>> [chr(fold_table()[ord(sign)]) for sign in "ÉçaŒ7_"], int(fold_table()[ord("’")])
    (['e', 'c', 'a', 'œ', '7', '_'], 1)
    """
    table = np.zeros(0x10000, np.uint16)
    for point in range(0x10000):
        sign = chr(point)
        if sign in _GAPS:
            table[point] = GAP
        elif sign in _UNSEEN or unicodedata.combining(sign):
            table[point] = UNSEEN
        elif sign.isalnum() or sign == "_":
            plain = unicodedata.normalize("NFD", sign)[0].lower()[0]
            table[point] = ord(plain) if ord(plain) < 0x10000 else point
    return table


@compiled
def _code_point(data: Any, at: int) -> Any:
    """The character at byte `at`, and the byte after it. Polars holds well-formed UTF-8 only."""
    lead = np.int64(data[at])
    if lead < 0x80:
        return lead, at + 1
    if lead < 0xE0:
        return ((lead & 0x1F) << 6) | np.int64(data[at + 1] & 0x3F), at + 2
    if lead < 0xF0:
        high = ((lead & 0x0F) << 12) | (np.int64(data[at + 1] & 0x3F) << 6)
        return high | np.int64(data[at + 2] & 0x3F), at + 3
    return np.int64(0x1F600), at + 4  # beyond the table: a break, whatever it is


@compiled
def next_word(data: Any, at: int, stop: int, fold: Any) -> Any:
    """The next word from byte `at`: hash, first byte, byte after, where to go on, whether a break came first.

    The hash is 0 where no word is left.
    """
    broken = False
    while at < stop:
        char, after = _code_point(data, at)
        letter = np.int64(0) if char >= 0x10000 else np.int64(fold[char])
        if letter > UNSEEN:
            break
        if letter == BREAK:
            broken = True
        at = after
    if at >= stop:
        return np.uint64(0), stop, stop, stop, broken
    state, first, last = _FIRST, at, at
    while at < stop:
        char, after = _code_point(data, at)
        letter = np.int64(0) if char >= 0x10000 else np.int64(fold[char])
        if letter <= GAP:
            break
        if letter != UNSEEN:
            state = (state ^ np.uint64(letter)) * _PRIME
        at = after
        last = after
    state ^= state >> np.uint64(29)
    if state == np.uint64(0):
        state = np.uint64(1)
    return state, first, last, at, broken


@compiled
def joined(hashes: Any, first: int, count: int) -> Any:
    """The hash of a phrase from those of its words."""
    state = np.uint64(count)
    for place in range(first, first + count):
        state = (state ^ hashes[place]) * _MIX
        state ^= state >> np.uint64(31)
    return state


@compiled
def lookup(keys: Any, values: Any, key: Any) -> Any:
    """The value at a key of an open table (its length a power of two, empty slots 0); -1 for none."""
    mask = np.uint64(len(keys) - 1)
    slot = (key * _MIX) >> np.uint64(40) & mask
    while keys[slot] != np.uint64(0):
        if keys[slot] == key:
            return np.int64(values[slot])
        slot = (slot + np.uint64(1)) & mask
    return np.int64(-1)


@compiled
def insert(keys: Any, values: Any, key: Any, value: Any) -> None:
    """Set a key's value."""
    mask = np.uint64(len(keys) - 1)
    slot = (key * _MIX) >> np.uint64(40) & mask
    while keys[slot] != np.uint64(0) and keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    keys[slot] = key
    values[slot] = value


@compiled
def find(
    data: Any,
    starts: Any,
    stops: Any,
    fold: Any,
    word_keys: Any,
    word_lengths: Any,
    phrase_keys: Any,
    phrase_terms: Any,
    found: Any,
) -> Any:
    """Write (text, term, first byte, byte after) of each phrase to `found`; how many there are.

    `word_lengths` has for each word that ends a phrase the lengths of such phrases, as bits. Phrases are told
    in the order of their last word, the longest first. What does not fit in `found` is counted only.
    """
    count = 0
    hashes = np.zeros(LONGEST, np.uint64)
    firsts = np.zeros(LONGEST, np.int64)
    for text in range(len(starts)):
        at, stop, held = starts[text], stops[text], 0
        while at < stop:
            word, first, last, at, broken = next_word(data, at, stop, fold)
            if word == np.uint64(0):
                break
            if broken:
                held = 0
            for place in range(LONGEST - 1):
                hashes[place] = hashes[place + 1]
                firsts[place] = firsts[place + 1]
            hashes[LONGEST - 1] = word
            firsts[LONGEST - 1] = first
            held = min(held + 1, LONGEST)
            lengths = lookup(word_keys, word_lengths, word)
            if lengths < 0:
                continue
            for length in range(held, 0, -1):
                if lengths >> length & 1 == 0:
                    continue
                term = lookup(phrase_keys, phrase_terms, joined(hashes, LONGEST - length, length))
                if term >= 0:
                    if count < len(found):
                        found[count, 0] = text
                        found[count, 1] = term
                        found[count, 2] = firsts[LONGEST - length] - starts[text]
                        found[count, 3] = last - starts[text]
                    count += 1
    return count


@compiled
def stand_alone(found: Any, layer: Any, stays: Any) -> None:
    """Mark in `stays` what no longer phrase of the same layer, and no saying (layer 0), contains."""
    for one in range(len(found)):
        stays[one] = layer[found[one, 1]] != 0
        first, last = found[one, 2], found[one, 3]
        for step in (-1, 1):
            other = one + step
            while 0 <= other < len(found) and found[other, 0] == found[one, 0]:
                if step < 0 and found[other, 3] < last:
                    break
                if found[other, 2] >= last and step > 0 and found[other, 2] > last + 64:
                    break
                inside = found[other, 2] <= first and found[other, 3] >= last
                longer = found[other, 3] - found[other, 2] > last - first
                same = layer[found[other, 1]] == 0 or layer[found[other, 1]] == layer[found[one, 1]]
                if inside and longer and same:
                    stays[one] = False
                    break
                other += step


@compiled
def words_of(data: Any, starts: Any, stops: Any, fold: Any, words: Any, places: Any) -> Any:
    """Write words' hashes to `words` and (text, first byte, byte after) to `places`; how many there are."""
    count = 0
    for text in range(len(starts)):
        at, stop = starts[text], stops[text]
        while at < stop:
            word, first, last, at, _ = next_word(data, at, stop, fold)
            if word == np.uint64(0):
                break
            words[count] = word
            places[count, 0] = text
            places[count, 1] = first
            places[count, 2] = last
            count += 1
    return count


@compiled
def templates(
    data: Any, starts: Any, stops: Any, fold: Any, cut_from: Any, cut_to: Any, loose: Any, loose_values: Any
) -> Any:
    """A hash of each text with bytes `cut_from` to `cut_to` read as one blank and `loose` words left out."""
    keys = np.zeros(len(starts), np.uint64)
    for text in range(len(starts)):
        state = np.uint64(7)
        at, stop = starts[text], stops[text]
        inside, outside = starts[text] + cut_from[text], starts[text] + cut_to[text]
        blank = False
        while at < stop:
            word, first, last, at, _ = next_word(data, at, stop, fold)
            if word == np.uint64(0):
                break
            if first >= inside and last <= outside:
                if blank:
                    continue
                blank = True
                word = np.uint64(3)
            elif lookup(loose, loose_values, word) >= 0:
                continue
            state = (state ^ word) * _MIX
            state ^= state >> np.uint64(31)
        keys[text] = state
    return keys
