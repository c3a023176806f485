"""Which labels a fastText classifier (see language.fasttext_file) gives to texts, in one call.

The arithmetic is fastText's own, in its order and its widths (float32, the logarithm in float64), so that
probabilities are equal to those of its `predict`; tests compare them.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from curate.kernels.jit import compiled

_START, _PRIME = np.uint32(2166136261), np.uint32(16777619)
_SPACE, _BEGIN, _END = 32, 60, 62  # " ", "<" and ">": signs of a word's borders


@compiled
def _mix(state: np.uint32, byte: np.uint8) -> np.uint32:
    """One step of FNV-1a; bytes above 127 are negative numbers there."""
    wide = np.uint32(byte)
    if byte >= 128:
        wide |= np.uint32(0xFFFFFF00)
    return np.uint32((state ^ wide) * _PRIME)


@compiled
def _find_word(
    word: NDArray[np.uint8],
    length: int,
    slots: NDArray[np.int32],
    word_bytes: NDArray[np.uint8],
    word_bounds: NDArray[np.int64],
) -> int:
    """The number of a word, -1 where the model does not know it."""
    state = _START
    for at in range(length):
        state = _mix(state, word[at])
    slot = np.int64(state) & (len(slots) - 1)
    while slots[slot] >= 0:
        number = slots[slot]
        start = word_bounds[number]
        if word_bounds[number + 1] - start == length:
            same = True
            for at in range(length):
                if word_bytes[start + at] != word[at]:
                    same = False
                    break
            if same:
                return int(number)
        slot = (slot + 1) & (len(slots) - 1)
    return -1


@compiled
def _add(hidden: NDArray[np.float32], row: NDArray[np.float32]) -> None:
    for at in range(len(hidden)):
        hidden[at] += row[at]


@compiled
def _add_grams(
    word: NDArray[np.uint8],
    length: int,
    grams: NDArray[np.int32],
    vectors: NDArray[np.float32],
    least: int,
    most: int,
    hidden: NDArray[np.float32],
) -> int:
    """Adds the vectors of the n-grams of a word that stands between its border signs; gives how many."""
    added = 0
    for start in range(length):
        if word[start] & 0xC0 == 0x80:
            continue
        state, at, number = _START, start, 1
        while at < length and number <= most:
            state = _mix(state, word[at])
            at += 1
            while at < length and word[at] & 0xC0 == 0x80:
                state = _mix(state, word[at])
                at += 1
            if number >= least and not (number == 1 and (start == 0 or at == length)):
                row = grams[np.int64(state) % len(grams)]
                if row >= 0:
                    _add(hidden, vectors[row])
                    added += 1
            number += 1
    return added


@compiled
def _predict(
    hidden: NDArray[np.float32],
    output: NDArray[np.float32],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    least_score: np.float32,
    nodes: NDArray[np.int64],
    scores: NDArray[np.float32],
    best: NDArray[np.int64],
    best_scores: NDArray[np.float32],
) -> int:
    """The likeliest labels, best first, into `best` and their log-probabilities; gives how many.

    Depth first, left child first; a branch that cannot enter the best any more is left.
    """
    labels, found, depth = (len(left) + 1) // 2, 0, 1
    nodes[0], scores[0] = len(left) - 1, np.float32(0.0)
    while depth:
        depth -= 1
        node, score = nodes[depth], scores[depth]
        if score < least_score or (found == len(best) and score < best_scores[found - 1]):
            continue
        if left[node] < 0:
            at = found if found < len(best) else found - 1
            if found == len(best) and not score > best_scores[at]:
                continue
            while at > 0 and best_scores[at - 1] < score:
                best_scores[at], best[at] = best_scores[at - 1], best[at - 1]
                at -= 1
            best_scores[at], best[at] = score, node
            found = min(found + 1, len(best))
            continue
        dot = np.float32(0.0)
        for place in range(len(hidden)):
            dot += output[node - labels, place] * hidden[place]
        share = np.float32(1.0 / np.float64(np.float32(1.0) + np.float32(math.exp(-dot))))
        nodes[depth] = right[node]
        scores[depth] = score + np.float32(math.log(np.float64(share) + 1e-5))
        other = np.float32(1.0 - np.float64(share))
        nodes[depth + 1] = left[node]
        scores[depth + 1] = score + np.float32(math.log(np.float64(other) + 1e-5))
        depth += 2
    return found


@compiled
def classify(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    vectors: NDArray[np.float32],
    slots: NDArray[np.int32],
    word_bytes: NDArray[np.uint8],
    word_bounds: NDArray[np.int64],
    grams: NDArray[np.int32],
    least: int,
    most: int,
    output: NDArray[np.float32],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    ending: int,
    many: int,
    least_score: np.float32,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Text, label and probability of the best `many` labels of each text, best first.

    Texts are words between single spaces or more. `ending` is the row of the end of a text, -1 for none. A
    text of which the model knows nothing has no row.
    """
    room = 1
    for text in range(len(starts)):
        room = max(room, stops[text] - starts[text] + 3)
    word = np.empty(room, np.uint8)
    hidden = np.empty(vectors.shape[1], np.float32)
    nodes, scores = np.empty(len(left) + 2, np.int64), np.empty(len(left) + 2, np.float32)
    best, best_scores = np.empty(many, np.int64), np.empty(many, np.float32)
    texts = np.empty(len(starts) * many, np.int64)
    labels = np.empty(len(starts) * many, np.int64)
    shares = np.empty(len(starts) * many, np.float32)
    rows = 0
    for text in range(len(starts)):
        hidden[:] = np.float32(0.0)
        added, at = 0, starts[text]
        while at < stops[text]:
            if data[at] == _SPACE:
                at += 1
                continue
            word[0], length = _BEGIN, 1
            while at < stops[text] and data[at] != _SPACE:
                word[length] = data[at]
                length += 1
                at += 1
            number = _find_word(word[1:length], length - 1, slots, word_bytes, word_bounds)
            if number >= 0:
                _add(hidden, vectors[number])
                added += 1
            word[length] = _END
            added += _add_grams(word, length + 1, grams, vectors, least, most, hidden)
        if added == 0:
            continue
        if ending >= 0:
            _add(hidden, vectors[ending])
            added += 1
        scale = np.float32(1.0 / np.float64(added))
        for place in range(len(hidden)):
            hidden[place] *= scale
        found = _predict(hidden, output, left, right, least_score, nodes, scores, best, best_scores)
        for place in range(found):
            texts[rows], labels[rows] = text, best[place]
            shares[rows] = np.float32(math.exp(best_scores[place]))
            rows += 1
    return texts[:rows].copy(), labels[:rows].copy(), shares[:rows].copy()
