"""Shingles in plain Python, written from their definition: what kernels are compared with."""

from __future__ import annotations

from collections.abc import Sequence

from curate.kernels.folding import fold

_MASK = 2**64 - 1
Said = Sequence[tuple[int, str]]


def _finish(state: int) -> int:
    state = ((state ^ (state >> 33)) * 0xC2B2AE3D27D4EB4F) & _MASK
    state = ((state ^ (state >> 29)) * 0x165667B19E3779F9) & _MASK
    return state ^ (state >> 32)


def shingle_hash(side: int, shingle: str) -> int:
    points = [*map(ord, shingle), 0, 0, 0, 0][:5]
    low = points[0] | points[1] << 21 | points[2] << 42
    high = points[3] | points[4] << 21 | side << 42 | (5 - len(shingle)) << 44
    state = (low * 0x9E3779B97F4A7C15) & _MASK
    state = _finish(((state ^ (state >> 32)) + high) & _MASK)
    return state >> 2 | side << 62


def shingles(text: str) -> set[str]:
    folded = fold(text)
    return {folded[at : at + 5] for at in range(max(len(folded) - 4, 1))} if folded else set()


def shingle_set(said: Said) -> set[int]:
    return {shingle_hash(side, shingle) for side, text in said for shingle in shingles(text)}


def jaccard(one: Said, two: Said) -> float:
    """The least of the sides that either has; sets of strings, no hashes."""
    sides = {side for side, text in [*one, *two] if fold(text)}
    least = [1.0]
    for side in sides:
        left, right = (
            set().union(*(shingles(text) for other, text in said if other == side)) for said in (one, two)
        )
        least.append(len(left & right) / len(left | right))
    return min(least) if sides else 0.0
