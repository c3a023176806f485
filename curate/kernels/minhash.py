"""MinHash signatures and band keys of conversations.

MinHash: Broder 1997, "On the resemblance and containment of documents". The permutations are datasketch's
scheme `affine32`: the shingle's 32-bit hash goes once through MurmurHash3's finaliser, then permutation k is
`a[k] * hash + b[k]` modulo 2**32. Signatures equal `datasketch.MinHash`'s bit for bit.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from curate.kernels.folding import fold_table
from curate.kernels.hashing import chain
from curate.kernels.jit import compiled
from curate.kernels.shingles import Evidence, longest_conversation, shingle_conversation


@functools.lru_cache(8)
def permutations(number: int, seed: int = 1) -> NDArray[np.uint32]:
    """The factors (odd) and the shifts of `number` permutations: shape (2, number).

    >>> permutations(128).shape
    (2, 128)
    """
    draw = np.random.RandomState(seed)  # the generator that the scheme prescribes
    odd = draw.randint(0, 1 << 31, number, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return np.stack([odd, draw.randint(0, 1 << 32, number, dtype=np.uint32)])


@compiled
def _mix32(word: np.uint32) -> np.uint32:
    """MurmurHash3's 32-bit finaliser (Austin Appleby, public domain)."""
    word = np.uint32(word ^ (word >> np.uint32(16)))
    word = np.uint32(word * np.uint32(0x85EBCA6B))
    word = np.uint32(word ^ (word >> np.uint32(13)))
    word = np.uint32(word * np.uint32(0xC2B2AE35))
    return np.uint32(word ^ (word >> np.uint32(16)))


@compiled
def _lower(
    signature: NDArray[np.uint32],
    factors: NDArray[np.uint32],
    shifts: NDArray[np.uint32],
    words: NDArray[np.uint32],
    at: int,
) -> None:
    """Lowers the signature by the eight words from `at`."""
    w0, w1, w2, w3 = words[at], words[at + 1], words[at + 2], words[at + 3]
    w4, w5, w6, w7 = words[at + 4], words[at + 5], words[at + 6], words[at + 7]
    for k in range(len(signature)):
        a, b = factors[k], shifts[k]
        one = min(np.uint32(a * w0 + b), np.uint32(a * w1 + b))
        two = min(np.uint32(a * w2 + b), np.uint32(a * w3 + b))
        three = min(np.uint32(a * w4 + b), np.uint32(a * w5 + b))
        four = min(np.uint32(a * w6 + b), np.uint32(a * w7 + b))
        signature[k] = min(signature[k], min(min(one, two), min(three, four)))


@compiled
def _signatures(
    data: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    kinds: NDArray[np.uint8],
    first: NDArray[np.int64],
    table: NDArray[np.uint16],
    factors: NDArray[np.uint32],
    shifts: NDArray[np.uint32],
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    number = len(first) - 1
    found = np.full((number, len(factors)), np.uint32(0xFFFFFFFF), np.uint32)
    shingles = np.zeros(number, np.int64)
    room = longest_conversation(starts, stops, first) + 1
    points, hashes = np.empty(room, np.uint32), np.empty(room, np.uint64)
    words = np.empty(room + 8, np.uint32)
    for conversation in range(number):
        count = shingle_conversation(
            data, starts, stops, kinds, first[conversation], first[conversation + 1], table, points, hashes
        )
        shingles[conversation] = count
        if count == 0:
            continue
        for place in range(count):
            words[place] = _mix32(np.uint32(hashes[place]))
        for place in range(count, count + 8):  # a repeat lowers nothing: the last one fills the block
            words[place] = words[count - 1]
        for at in range(0, count, 8):
            _lower(found[conversation], factors, shifts, words, at)
    return found, shingles


def signatures(evidence: Evidence, number: int = 128) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The signatures, shape (conversations, number), and each conversation's count of shingles.

    A conversation without shingles keeps the signature of the empty set: every word at its highest.
    """
    factors, shifts = permutations(number)
    return _signatures(*evidence, fold_table(), factors, shifts)


@compiled
def band_keys(signature: NDArray[np.uint32], bands: int, rows: int) -> NDArray[np.uint64]:
    """Keys of the bands, shape (conversations, bands): equal where a band's `rows` words are equal.

    The band's number is part of its key, so that bands never meet.
    """
    found = np.empty((len(signature), bands), np.uint64)
    for conversation in range(len(signature)):
        for band in range(bands):
            state = np.uint64(band + 1)
            for row in range(band * rows, (band + 1) * rows):
                state = chain(state, np.uint64(signature[conversation, row]))
            found[conversation, band] = state
    return found
