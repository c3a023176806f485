"""The sides of a search: to train on, to choose settings by, to tell the choice by."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from train import arms, leak, plan, records
from train.errors import DataError
from train.records import Conversation
from train.split import choose, clusters, one_of, split
from train.tune.facts import HELD_BACK, SEARCH


@dataclass(frozen=True)
class Sides:
    """Conversations to train on, and those held out by name (SEARCH, HELD_BACK); `whole` is all of them."""

    train: tuple[Conversation, ...]
    scored: dict[str, tuple[Conversation, ...]]
    whole: tuple[Conversation, ...]
    how: str
    """How it was looked for near-duplicates across the sides."""


def sides(source: str, share: float, seed: int) -> Sides:
    """A curated set cut along its clusters of near-duplicates.

    What is held out falls into two halves by a hash: the search sees one of them only, so that what is told
    of the choice was not chosen for. DataError where a half has fewer than five conversations.
    """
    whole = tuple(records.read(source))
    run = (Path(source) / "pairs").is_dir()
    away, scored = of_run(source, share, seed) if run else of_file(whole, share, seed)
    told = plan.answered(one for one in whole if one.id in scored)
    halves: dict[str, list[Conversation]] = {SEARCH: [], HELD_BACK: []}
    order = sorted(told, key=lambda one: hashlib.blake2b(f"{seed} half {one.id}".encode()).digest())
    for n, one in enumerate(order):
        halves[HELD_BACK if n % 2 else SEARCH].append(one)
    made = {name: tuple(some) for name, some in halves.items()}
    for name, some in made.items():
        if len(some) < plan.FEWEST:
            raise DataError(
                f"{len(some)} held-out conversations for the half '{name}'; at least {plan.FEWEST} are "
                "needed: hold out a larger share with --held-out, or curate more"
            )
    train = arms.without(whole, away)
    if not train:
        raise DataError(f"nothing is left of {source} to train on beside what is held out; curate more")
    how = leak.stand(train, [one for some in made.values() for one in some], source if run else None)
    return Sides(train, made, whole, how)


def of_run(out: str, share: float, seed: int) -> tuple[frozenset[str], frozenset[str]]:
    """The ids of a curation run that are held out, and those of them that are scored."""
    made = split(out, share, seed)
    return made.away, made.scored


def of_file(whole: Sequence[Conversation], share: float, seed: int) -> tuple[frozenset[str], frozenset[str]]:
    """The same for a file, which stored no pairs: they are looked for here, where `curate` is at hand."""
    place = {one.id: n for n, one in enumerate(whole)}
    if len(place) < len(whole):
        raise DataError("two conversations have one id; give the folder of a 'curate run', or other ids")
    words = [int.from_bytes(leak.words(one), "big") for one in whole]
    table = [
        {"id": n, "conversation_id": one.id, "content": said, "content_check": 1, "tree": 0}
        for n, (one, said) in enumerate(zip(whole, words, strict=True))
    ]
    near = leak.signatures(whole, whole, leak.LIMIT) or set()
    pairs = [(place[one.evaluated], place[one.trained]) for one in near if one.evaluated != one.trained]
    chosen = choose(table, clusters(table, pairs), share, seed)
    away = frozenset(whole[n].id for members in chosen for n in members)
    return away, frozenset(whole[one_of(members, table, seed)].id for members in chosen)
