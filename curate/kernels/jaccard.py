"""Exact Jaccard of conversations, side by side, and the pairs of a bucket."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curate.kernels.jit import compiled

LEADERS = 64
"""In a crowded bucket, at most this many members lead."""
QUOTA = 2
"""A member that this many leaders match is led: it does not lead in its turn."""
_STRIDE = 3  # a crowd has one hub among the members from QUOTA to this many times as far, and so on


@compiled
def side_jaccard(
    hashes: NDArray[np.uint64], one: int, one_end: int, two: int, two_end: int, floor: float
) -> float:
    """The least Jaccard of the sides of two sorted shingle sets, or 0 where it is below the floor.

    The sides are told apart by the two highest bits of a hash. A side that neither has is passed over, one
    that only one has gives 0; with no side at all it is 0: nothing said is no evidence.
    """
    least = 2.0
    while one < one_end or two < two_end:
        side = np.uint64(3)
        if one < one_end:
            side = min(side, hashes[one] >> np.uint64(62))
        if two < two_end:
            side = min(side, hashes[two] >> np.uint64(62))
        shared, either = 0, 0
        while True:
            in_one = one < one_end and hashes[one] >> np.uint64(62) == side
            in_two = two < two_end and hashes[two] >> np.uint64(62) == side
            if in_one and in_two:
                left, right = hashes[one], hashes[two]
                shared += left == right
                one += left <= right
                two += right <= left
            elif in_one:
                one += 1
            elif in_two:
                two += 1
            else:
                break
            either += 1
        jaccard = shared / either
        if jaccard < floor:
            return 0.0
        least = min(least, jaccard)
    return least if least <= 1.0 else 0.0


@compiled
def _compare(hashes: NDArray[np.uint64], first: NDArray[np.int64], one: int, two: int, floor: float) -> float:
    return side_jaccard(hashes, first[one], first[one + 1], first[two], first[two + 1], floor)


@compiled
def pairs_within(bounds: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of places within each bucket; bucket b is the places `bounds[b]:bounds[b + 1]`."""
    total = 0
    for bucket in range(len(bounds) - 1):
        size = bounds[bucket + 1] - bounds[bucket]
        total += size * (size - 1) // 2
    ones, twos = np.empty(total, np.int64), np.empty(total, np.int64)
    at = 0
    for bucket in range(len(bounds) - 1):
        for one in range(bounds[bucket], bounds[bucket + 1]):
            for two in range(one + 1, bounds[bucket + 1]):
                ones[at], twos[at] = one, two
                at += 1
    return ones, twos


@compiled
def verify_pairs(
    hashes: NDArray[np.uint64],
    first: NDArray[np.int64],
    ones: NDArray[np.int64],
    twos: NDArray[np.int64],
    floor: float,
) -> NDArray[np.float64]:
    """The Jaccard of each pair of sets, 0 where it is below the floor."""
    found = np.empty(len(ones), np.float64)
    for place in range(len(ones)):
        found[place] = _compare(hashes, first, ones[place], twos[place], floor)
    return found


@compiled
def crowd_hubs(bounds: NDArray[np.int64], draw: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Places of the hubs; crowd c is `bounds[c]:bounds[c + 1]`, in the order in which members would be kept.

    Hubs stand thinner and thinner: where members are dead (dropped by another pass), the next hub alive is
    soon found. Each is the member with the least `draw` of its stretch; drawn by content, mostly the same
    ones in every band. What hubs may miss only stays: a few for each dead one.
    """
    hubs = np.empty(64 * (len(bounds) - 1), np.int64)
    number = 0
    for crowd in range(len(bounds) - 1):
        start, stretch = bounds[crowd] + QUOTA, QUOTA * (_STRIDE - 1)
        while start < bounds[crowd + 1]:
            stop = min(start + stretch, bounds[crowd + 1])
            hubs[number] = start + np.argmin(draw[start:stop])
            number += 1
            start, stretch = stop, stretch * _STRIDE
    return hubs[:number].copy()


@compiled
def hub_pairs(
    bounds: NDArray[np.int64], hubs: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of each hub with every member of its crowd behind it."""
    total, crowd = 0, 0
    for hub in hubs:
        while bounds[crowd + 1] <= hub:
            crowd += 1
        total += bounds[crowd + 1] - hub - 1
    ones, twos = np.empty(total, np.int64), np.empty(total, np.int64)
    at, crowd = 0, 0
    for hub in hubs:
        while bounds[crowd + 1] <= hub:
            crowd += 1
        for member in range(hub + 1, bounds[crowd + 1]):
            ones[at], twos[at] = hub, member
            at += 1
    return ones, twos


@compiled
def leader_pairs(
    hashes: NDArray[np.uint64],
    first: NDArray[np.int64],
    members: NDArray[np.int64],
    floor: float,
    limit: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of a crowd's members with its leaders, in time proportional to the members; and their Jaccard.

    `members` are in the order in which they would be kept. Each is compared with the leaders before it until
    `QUOTA` of them match it at the limit; where fewer do and there is room, it leads in its turn. So whatever
    keeping in that order keeps of the crowd leads, as long as there is room, and every other member has a
    pair with it.
    """
    room = len(members) * LEADERS
    ones, twos = np.empty(room, np.int64), np.empty(room, np.int64)
    found = np.empty(room, np.float64)
    leaders = np.empty(LEADERS, np.int64)
    led, at = 0, 0
    for member in members:
        matches = 0
        for leader in leaders[:led]:
            jaccard = _compare(hashes, first, member, leader, floor)
            if jaccard > 0.0:
                ones[at], twos[at], found[at] = member, leader, jaccard
                at += 1
            matches += jaccard >= limit
            if matches == QUOTA:
                break
        if matches < QUOTA and led < LEADERS:
            leaders[led] = member
            led += 1
    return ones[:at].copy(), twos[:at].copy(), found[:at].copy()
