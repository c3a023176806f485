"""What is held out of a curation run: whole clusters of duplicates, chosen before anything was decided.

Copies that stand on both sides of a split make a model look good for having seen the answers. So what is near
another, by the pairs that the run stored, lies on the same side; the choice hangs on a seed and on what was
said, not on what curation thought of it, and is kept beside the pairs.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from train.errors import ConfigError, DataError
from train.table import parts, rows

NAME = "pairs/split/seed-{seed}.parquet"
"""Where the choice is kept, under the run's folder."""
LARGEST = 0.25
"""A cluster of more than this share of what is held out stays in training: one text should not fill it."""


@dataclass(frozen=True)
class Split:
    """`away`: ids of every conversation that no arm may train on; `scored`: one of each cluster of them."""

    away: frozenset[str]
    scored: frozenset[str]
    clusters: int
    conversations: int
    seed: int
    share: float
    stored_pairs: bool
    """False: the run stored no pairs of near-duplicates; only equal texts are together."""
    cluster: Mapping[str, int] = field(default_factory=dict, compare=False)
    """The cluster of each conversation that is held out."""


def split(out: str | Path, share: float = 0.1, seed: int = 0) -> Split:
    """Hold out about `share` of a run's clusters; the choice is written to OUT/pairs/split/.

    Raises ConfigError for a share that is none, DataError where `out` holds no run.
    """
    if not 0 < share < 1:
        raise ConfigError(f"--held-out {share} is no share; give for example 0.1")
    table, pairs = conversations(out), near_pairs(out)
    cluster = clusters(table, pairs or [])
    chosen = choose(table, cluster, share, seed)
    scored = {one_of(members, table, seed) for members in chosen}
    made = Split(
        away=frozenset(table[n]["conversation_id"] for members in chosen for n in members),
        scored=frozenset(table[n]["conversation_id"] for n in scored),
        clusters=len(set(cluster)),
        conversations=len(table),
        seed=seed,
        share=share,
        stored_pairs=pairs is not None,
        cluster={table[n]["conversation_id"]: cluster[n] for members in chosen for n in members},
    )
    write(Path(out), table, cluster, made)
    return made


def conversations(out: str | Path) -> list[dict[str, Any]]:
    """A run's table of conversations: id, conversation_id, tree, content, content_check; augmented_from too
    where it is a set with copies."""
    columns = ("id", "conversation_id", "tree", "content", "content_check", "augmented_from")
    return [row for path in parts(out, "pairs/conversations") for row in rows(path, columns)]


def near_pairs(out: str | Path) -> list[tuple[int, int]] | None:
    """Ids (a, b) that some pass found near each other, down to its floor; None where none looked."""
    found = pair_files(out)
    if not found:
        return None
    return [(row["a"], row["b"]) for path in found for row in rows(path, ("a", "b"))]


def pair_files(out: str | Path) -> list[Path]:
    """The files of near pairs that a run stored: those with a, b and how alike the two are."""
    from pyarrow import parquet  # type: ignore[import-untyped]

    return [
        path
        for path in sorted((Path(out) / "pairs").glob("*.parquet"))
        if path.name != "exact_duplicates.parquet"
        and {"a", "b", "jaccard"} <= set(parquet.read_schema(path).names)
    ]


def clusters(table: Sequence[dict[str, Any]], pairs: Sequence[tuple[int, int]]) -> list[int]:
    """A number for each conversation, the same for those tied by pairs, content, a tree, or as a copy.

    >>> rows = [{"id": n, "content": c, "content_check": c, "tree": 0} for n, c in enumerate((7, 8, 7, 9))]
    >>> clusters(rows, [(1, 3)])
    [0, 1, 0, 1]
    """
    parent = list(range(len(table)))

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    def tie(one: int, other: int) -> None:
        first, second = sorted((root(one), root(other)))
        parent[second] = first

    place = {row["id"]: n for n, row in enumerate(table)}
    copies = any(row.get("augmented_from") for row in table)
    named = {row["conversation_id"]: n for n, row in enumerate(table)} if copies else {}
    said: dict[tuple[int, int], int] = {}
    trees: dict[int, int] = {}
    for n, row in enumerate(table):
        if row["content"] or row["content_check"]:
            tie(said.setdefault((row["content"], row["content_check"]), n), n)
        if row["tree"]:
            tie(trees.setdefault(row["tree"], n), n)
        if row.get("augmented_from") in named:
            tie(named[row["augmented_from"]], n)
    for a, b in pairs:
        if a in place and b in place:
            tie(place[a], place[b])
    return [root(n) for n in range(len(table))]


def choose(
    table: Sequence[dict[str, Any]], cluster: Sequence[int], share: float, seed: int
) -> list[list[int]]:
    """The clusters to hold out, each as places in the table: first by a hash of seed and content."""
    members: dict[int, list[int]] = {}
    for n, number in enumerate(cluster):
        members.setdefault(number, []).append(n)
    wanted = max(1, round(share * len(members)))
    fitting = [one for one in members.values() if len(one) <= max(1, LARGEST * wanted)]
    ordered = sorted(fitting, key=lambda one: min(drawn(table[n], seed) for n in one))
    if len(members) < 2 or not ordered:
        raise DataError("there are too few different conversations to hold some out; give a larger run")
    return ordered[: min(wanted, len(members) - 1)]


def one_of(members: Sequence[int], table: Sequence[dict[str, Any]], seed: int) -> int:
    """The conversation that speaks for its cluster: drawn too, so that curation has no say in it."""
    return min(members, key=lambda n: drawn({**table[n], "content": 0}, seed))


def drawn(row: dict[str, Any], seed: int) -> bytes:
    """A conversation's place in the draw: a hash of the seed and what is said in it (or its id)."""
    told = f"{seed} {row['content'] or row['conversation_id']}"
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def write(out: Path, table: Sequence[dict[str, Any]], cluster: Sequence[int], made: Split) -> None:
    """Keep the choice beside the pairs: conversation_id, cluster, held_out, scored; seed and share too."""
    import pyarrow
    from pyarrow import parquet

    names = [row["conversation_id"] for row in table]
    told = pyarrow.table(
        {
            "conversation_id": names,
            "cluster": pyarrow.array(cluster, pyarrow.int64()),
            "held_out": [name in made.away for name in names],
            "scored": [name in made.scored for name in names],
        }
    ).replace_schema_metadata({"seed": str(made.seed), "share": str(made.share)})
    place = out / NAME.format(seed=made.seed)
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    parquet.write_table(told, beside)
    beside.replace(place)
