"""Seeded chats with near-duplicates of every degree, and the brute force that finds them all."""

from __future__ import annotations

import random
from itertools import combinations

from curate.kernels.folding import fold
from tests.dedup.one_machine import Turns
from tests.kernels.reference import shingles

SIDE = {"user": 1, "assistant": 2, "tool": 3}


def words(draw: random.Random, number: int) -> list[str]:
    return ["".join(draw.choices("abcdefghijklmnoprstuv éü", k=draw.randint(2, 9))) for _ in range(number)]


def edited(draw: random.Random, text: str, edits: int) -> str:
    """The text with some of its words replaced, dropped or doubled."""
    parts = text.split(" ")
    for _ in range(edits):
        at = draw.randrange(len(parts))
        parts[at : at + 1] = draw.choice([[], [parts[at], parts[at]], words(draw, 1)]) or ["x"]
    return " ".join(parts)


def near_copies(seed: int, families: int, copies: int) -> list[Turns]:
    """Families of chats, each of one chat and edited copies of it, in random order."""
    draw = random.Random(seed)
    found: list[Turns] = []
    for _ in range(families):
        asked, answered = (" ".join(words(draw, draw.randint(8, 60))) for _ in range(2))
        for _ in range(copies):
            user = edited(draw, asked, draw.choice([0, 0, 1, 1, 2, 4]))
            found.append(
                [("user", user), ("assistant", edited(draw, answered, draw.choice([0, 1, 1, 2, 3])))]
            )
    draw.shuffle(found)
    return found


def every_pair(conversations: list[Turns], floor: float) -> dict[tuple[int, int], float]:
    """All pairs of places whose least side reaches the floor, by comparing all with all.

    Conversations of equal folded texts count once, as the first of them.
    """
    first: dict[object, int] = {}
    for place, turns in enumerate(conversations):
        first.setdefault(tuple((role, fold(text)) for role, text in turns if role != "system"), place)
    sets = {
        place: [
            set().union(*(shingles(text) for role, text in conversations[place] if role == side))
            for side in SIDE
        ]
        for place in first.values()
    }
    found = {}
    for one, two in combinations(sorted(sets), 2):
        sides = [(left, right) for left, right in zip(sets[one], sets[two], strict=True) if left or right]
        if any(min(len(left), len(right)) < floor * max(len(left), len(right)) for left, right in sides):
            continue  # the sizes alone rule it out
        least = min((len(left & right) / len(left | right) for left, right in sides), default=0.0)
        if least >= floor:
            found[one, two] = least
    return found
