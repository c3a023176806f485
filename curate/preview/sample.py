"""Which conversations are carried through the recipe: a seeded sample, and what may be their duplicates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curate.preview.overview import Overview

DEPTH = 3
"""Neighbours, their neighbours, and theirs: whether one stays hangs on whether its own rivals do."""
SHARED = 1 / 7
"""Share of the bands that two must share to be neighbours: 6 of 42 of 3 words. At a Jaccard of 0.7
99.8% do, at 0.6 90%, at 0.3 0.1%."""
NEAREST = 12
"""Neighbours of one conversation that are carried at most, those that share most bands first."""
CROWD = 256
"""Of a key that more conversations share, only the longest are looked at: the longest are those that stay."""
LONGEST = 32
TWINS = 3
"""Of conversations that say the same, so many of the first are carried: the first of them stays."""

Places = NDArray[np.int64]


def draw(names: NDArray[np.uint64], count: int, seed: int) -> Places:
    """The places of `count` conversations, ascending: those whose seeded hash is least.

    The same ones whatever the cut, the order of files or the worker count; equal hashes by place.

    >>> names = np.arange(100, dtype=np.uint64)
    >>> first, other = draw(names, 10, 1), draw(names, 10, 2)
    >>> len(first), first.tolist() == draw(names, 10, 1).tolist(), first.tolist() == other.tolist()
    (10, True, False)
    """
    if count >= len(names):
        return np.arange(len(names), dtype=np.int64)
    mixed = _mixed(names, seed)
    return np.sort(np.argsort(mixed, kind="stable")[:count]).astype(np.int64)


def _mixed(names: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Splitmix64 (Steele, Lea, Flood 2014) of each hash, begun at the seed."""
    start = np.uint64((seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64)
    word = names ^ start
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        word = (word ^ (word >> np.uint64(shift))) * np.uint64(factor)
    return word ^ (word >> np.uint64(31))


def neighbours(overview: Overview, chosen: Places, most: int) -> tuple[Places, int]:
    """Conversations beside the chosen whose fates theirs may hang on, ascending, and how many were left out.

    `most` is how many may be carried beside the sample; the nearest to the sample come first.
    """
    known = np.zeros(overview.conversations, bool)
    known[chosen] = True
    twins = _Twins.of(overview.content)
    found: list[Places] = []
    frontier, left_out = chosen, 0
    for _ in range(DEPTH):
        twin = twins.first_of(overview.content[frontier])
        near = np.concatenate([twin, nearest(overview, frontier)])  # the nearest first
        new = near[~known[near]]
        new = new[np.sort(np.unique(new, return_index=True)[1])]
        room = most - sum(map(len, found))
        left_out += max(0, len(new) - room)
        new = new[:room]
        if not len(new):
            break
        known[new] = True
        found.append(new)
        frontier = np.sort(new)
    return np.sort(np.concatenate(found)) if found else np.empty(0, np.int64), left_out


class _Twins:
    """Conversations by content, so that the first of each can be looked up."""

    def __init__(self, order: Places, sorted_content: NDArray[np.uint64]) -> None:
        self.order, self.content = order, sorted_content

    @classmethod
    def of(cls, content: NDArray[np.uint64]) -> _Twins:
        order = np.argsort(content, kind="stable")
        return cls(order, content[order])

    def first_of(self, wanted: NDArray[np.uint64]) -> Places:
        """The first places of each of these contents; content 0 says nothing and has no twin."""
        wanted = np.unique(wanted[wanted != 0])
        start = np.searchsorted(self.content, wanted)
        stop = np.minimum(np.searchsorted(self.content, wanted, side="right"), start + TWINS)
        return np.sort(self.order[_spans(start, stop)])


def nearest(overview: Overview, frontier: Places) -> Places:
    """The places that share bands with a place of the frontier, the nearest of each; the nearest first."""
    count = np.uint64(overview.conversations)
    codes = [np.empty(0, np.uint64)]
    for keys in overview.keys:
        one, other = _sharing(keys, frontier, overview.characters)
        codes.append(one.astype(np.uint64) * count + other.astype(np.uint64))
    pairs, shared = np.unique(np.concatenate(codes), return_counts=True)
    one, other = (pairs // count).astype(np.int64), (pairs % count).astype(np.int64)
    differ = overview.content[one] != overview.content[other]  # equal contents are looked up as twins
    keep = differ & (shared >= SHARED * len(overview.keys))
    one, other, shared = one[keep], other[keep], shared[keep]
    order = np.lexsort((-shared, one))
    starts = np.flatnonzero(np.diff(one[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    order = order[rank < NEAREST]
    found: Places = other[order[np.argsort(-shared[order], kind="stable")]]
    return found


def _sharing(
    keys: NDArray[np.uint32], frontier: Places, characters: NDArray[np.uint32]
) -> tuple[Places, Places]:
    """Places of the frontier, and beside each a place with its key in one band; of a crowd the longest."""
    asked = frontier[keys[frontier] != 0]
    wanted = np.unique(keys[asked])
    if not len(wanted):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    spot = np.minimum(np.searchsorted(wanted, keys), len(wanted) - 1)
    members = np.flatnonzero(wanted[spot] == keys)
    members = members[np.lexsort((members, -characters[members].astype(np.int64), spot[members]))]
    bucket = spot[members]
    bounds = np.searchsorted(bucket, np.arange(len(wanted) + 1))
    start, stop = bounds[:-1], bounds[1:]
    stop = np.where(stop - start > CROWD, start + LONGEST, stop)
    mine = np.searchsorted(wanted, keys[asked])
    other = members[_spans(start[mine], stop[mine])]
    one = np.repeat(asked, (stop - start)[mine])
    return one[one != other], other[one != other]


def _spans(start: Places, stop: Places) -> Places:
    """The numbers from each start to its stop, one span after the other.

    >>> _spans(np.array([5, 0]), np.array([7, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    lengths = stop - start
    found: Places = np.arange(lengths.sum()) + np.repeat(start - np.cumsum(lengths) + lengths, lengths)
    return found
