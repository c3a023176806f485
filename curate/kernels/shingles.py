"""Shingles of conversations: runs of five code points of folded messages, each tagged with its side.

One definition for every length and script. A message shorter than five code points is one shingle, itself.
Shingles never cross the border of a message. The side (who said it) is part of the shingle, so that what
the user said never matches what the assistant said.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.kernels.folding import fold_into
from curate.kernels.hashing import chain, finish
from curate.kernels.jit import compiled

SHINGLE = 5
"""Code points in a shingle."""
SIDES = 4
"""How many sides a shingle's tag can tell apart: the two highest bits of its hash."""

_MULTIPLY = np.uint64(0x9E3779B97F4A7C15)  # odd; 2**64 / golden ratio


class Evidence(NamedTuple):
    """What is compared of some conversations: pieces of text, in order, over one run of bytes (composed).

    Piece p is `data[starts[p]:stops[p]]`, its kind `kinds[p]`: the side (0 to 3), plus 4 where the piece is
    no text but a message's parts. Conversation c has the pieces `first[c]:first[c + 1]`.
    """

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    kinds: NDArray[np.uint8]
    first: NDArray[np.int64]


class ShingleSets(NamedTuple):
    """Sorted distinct shingle hashes: conversation c has `hashes[first[c]:first[c + 1]]`, side by side."""

    hashes: NDArray[np.uint64]
    first: NDArray[np.int64]


@compiled
def shingle_hash(low: np.uint64, high: np.uint64, side: np.uint64) -> np.uint64:
    """64 bits of a shingle: the side in the two highest, then a mix of all.

    `low` packs its first three code points, 21 bits each, `high` the others, the side and what is missing
    to five code points.
    """
    state = low * _MULTIPLY
    state = finish((state ^ (state >> np.uint64(32))) + high)
    return (state >> np.uint64(2)) | (side << np.uint64(62))


@compiled
def _shingle_message(points: NDArray[np.uint32], number: int, side: int, hashes: NDArray[np.uint64]) -> int:
    """Writes the shingle hashes of one folded message; gives how many."""
    tag = np.uint64(side) << np.uint64(42)
    if number < 5:
        if number == 0:
            return 0
        packed = np.zeros(5, np.uint64)
        for place in range(number):
            packed[place] = np.uint64(points[place])
        low = packed[0] | (packed[1] << np.uint64(21)) | (packed[2] << np.uint64(42))
        missing = np.uint64(5 - number) << np.uint64(44)
        hashes[0] = shingle_hash(low, packed[3] | tag | missing, np.uint64(side))
        return 1
    for at in range(number - 4):
        low = np.uint64(points[at]) | (np.uint64(points[at + 1]) << np.uint64(21))
        low |= np.uint64(points[at + 2]) << np.uint64(42)
        high = np.uint64(points[at + 3]) | (np.uint64(points[at + 4]) << np.uint64(21))
        hashes[at] = shingle_hash(low, high | tag, np.uint64(side))
    return number - 4


@compiled
def longest_conversation(
    starts: NDArray[np.int64], stops: NDArray[np.int64], first: NDArray[np.int64]
) -> int:
    """Bytes of the longest conversation: an upper bound of its code points and of its shingles."""
    longest = 0
    for conversation in range(len(first) - 1):
        size = 0
        for piece in range(first[conversation], first[conversation + 1]):
            size += stops[piece] - starts[piece]
        longest = max(longest, size)
    return longest


@compiled
def shingle_conversation(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    kinds: NDArray[np.uint8],
    piece: int,
    last: int,
    table: NDArray[np.uint16],
    points: NDArray[np.uint32],
    hashes: NDArray[np.uint64],
) -> int:
    """Writes the shingle hashes of the pieces `piece:last` (repeats and all); gives how many."""
    number = 0
    while piece < last:
        length = fold_into(data, starts[piece], stops[piece], table, points)
        number += _shingle_message(points, length, kinds[piece] & 3, hashes[number:])
        piece += 1
    return number


@compiled
def shingle_sets(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    kinds: NDArray[np.uint8],
    first: NDArray[np.int64],
    table: NDArray[np.uint16],
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The arrays of `ShingleSets` for the arrays of `Evidence`."""
    room = 1
    for piece in range(len(starts)):
        room += stops[piece] - starts[piece]
    hashes = np.empty(room, np.uint64)
    points = np.empty(longest_conversation(starts, stops, first) + 1, np.uint32)
    bounds = np.zeros(len(first), np.int64)
    end = 0
    for conversation in range(len(first) - 1):
        span = hashes[end:]
        number = shingle_conversation(
            data, starts, stops, kinds, first[conversation], first[conversation + 1], table, points, span
        )
        span[:number].sort()
        kept = 0
        for place in range(number):
            if place == 0 or span[place] != span[kept - 1]:
                span[kept] = span[place]
                kept += 1
        end += kept
        bounds[conversation + 1] = end
    return hashes[:end].copy(), bounds


@compiled
def contents(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    kinds: NDArray[np.uint8],
    first: NDArray[np.int64],
    table: NDArray[np.uint16],
    seed: np.uint64,
) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Hash of what each conversation says, in order, and its folded code points.

    The hash is 0 where nothing is said: no piece, or empty ones only. Code points are hashed one by one.
    """
    found = np.zeros(len(first) - 1, np.uint64)
    characters = np.zeros(len(first) - 1, np.uint32)
    points = np.empty(longest_conversation(starts, stops, first) + 1, np.uint32)
    for conversation in range(len(first) - 1):
        state, total = seed, 0
        for piece in range(first[conversation], first[conversation + 1]):
            length = fold_into(data, starts[piece], stops[piece], table, points)
            state = chain(state, np.uint64(kinds[piece]) | (np.uint64(length) << np.uint64(8)))
            for at in range(0, length - 2, 3):
                word = np.uint64(points[at]) | (np.uint64(points[at + 1]) << np.uint64(21))
                state = chain(state, word | (np.uint64(points[at + 2]) << np.uint64(42)))
            for at in range(length - length % 3, length):
                state = chain(state, np.uint64(points[at]))
            total += length
        if total:
            found[conversation] = max(state, np.uint64(1))
            characters[conversation] = total
    return found, characters
