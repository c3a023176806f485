"""The gate between training and evaluation: near-duplicates across it stop the run."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.errors import LimitBrokenError
from train.records import Conversation
from train.table import rows

LIMIT = 0.8
"""Jaccard from which two conversations are near-duplicates, as in the default recipe."""
SHOWN = 5


@dataclass(frozen=True, order=True)
class Leak:
    """A conversation of the evaluation that training saw: both ids, and how alike (1.0: the same words)."""

    evaluated: str
    trained: str
    jaccard: float


def stand(
    train: Sequence[Conversation],
    evaluated: Sequence[Conversation],
    out: str | Path | None = None,
    limit: float = LIMIT,
) -> str:
    """Raise LimitBrokenError where something evaluated on is a near-duplicate of something trained on.

    Gives back how it was looked for: `stored pairs`, `signatures` or `equal texts only`.
    """
    found, how = leaks(train, evaluated, out, limit)
    if found:
        names = sorted({one.evaluated for one in found})
        shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
        raise LimitBrokenError(
            f"{len(names)} of {len(evaluated)} conversations to evaluate on stand in the training set "
            f"or nearly (jaccard {limit} or more): {shown}; leave them out of one side "
            "('train prove' makes such a split)"
        )
    return how


def leaks(
    train: Sequence[Conversation],
    evaluated: Sequence[Conversation],
    out: str | Path | None = None,
    limit: float = LIMIT,
) -> tuple[list[Leak], str]:
    """The near-duplicates across the two sets, and how they were looked for.

    With a run's folder `out`, its stored pairs answer for the conversations that it read. All others are
    compared by their texts: with `curate` at hand by MinHash signatures and exact Jaccard, else by equal
    words.
    """
    found = {Leak(*one) for one in (*equal_texts(train, evaluated), *copies(train, evaluated))}
    if out is not None and (stored := stored_pairs(out, limit)) is not None:
        known, pairs = stored
        mine, theirs = {one.id for one in train}, {one.id for one in evaluated}
        for a, b, jaccard in pairs:
            for here, there in ((a, b), (b, a)):
                if here in theirs and there in mine:
                    found.add(Leak(here, there, jaccard))
        if mine | theirs <= known:
            return sorted(found), "stored pairs"
    near = signatures(train, evaluated, limit)
    if near is None:
        return sorted(found), "equal texts only"
    return sorted(found | near), "signatures"


def equal_texts(
    train: Iterable[Conversation], evaluated: Iterable[Conversation]
) -> list[tuple[str, str, float]]:
    """Conversations of both sets that say the same words."""
    seen = {words(one): one.id for one in train}
    return [(one.id, seen[key], 1.0) for one in evaluated if (key := words(one)) in seen]


def copies(train: Sequence[Conversation], evaluated: Sequence[Conversation]) -> list[tuple[str, str, float]]:
    """Swapped copies (`augmented_from`) on one side of what is on the other; they count as equal."""

    def root(one: Conversation) -> str:
        return str(one.measures.get("augmented_from") or one.id)

    trained = {root(one): one.id for one in train if one.measures.get("augmented_from")}
    plain = {one.id: one.id for one in train}
    return [
        (one.id, found, 1.0)
        for one in evaluated
        if (found := trained.get(root(one)) or (plain.get(root(one)) if root(one) != one.id else None))
    ]


def words(one: Conversation) -> bytes:
    """A hash of what is said, by role and in order; case, white space and system messages are no matter."""
    digest = hashlib.blake2b(digest_size=16)
    for message in one.messages:
        if message.role != "system":
            text = " ".join(unicodedata.normalize("NFKC", message.content).casefold().split())
            digest.update(f"{message.role}\0{text}\0".encode("utf-8", "surrogatepass"))
    return digest.digest()


def stored_pairs(out: str | Path, limit: float) -> tuple[frozenset[str], list[tuple[str, str, float]]] | None:
    """The ids that a run read and its pairs by conversation id from `limit` on; None where it stored none."""
    from train.split import pair_files

    place, files = Path(out) / "pairs", pair_files(out)
    if not files:
        return None
    names: dict[int, str] = {}
    said: dict[tuple[int, int], list[str]] = {}
    content: dict[int, tuple[int, int]] = {}
    for path in sorted((place / "conversations").glob("part-*.parquet")):
        for row in rows(path, ("id", "conversation_id", "content", "content_check")):
            names[row["id"]] = row["conversation_id"]
            content[row["id"]] = (row["content"], row["content_check"])
            said.setdefault(content[row["id"]], []).append(row["conversation_id"])
    pairs = [
        (here, there, row["jaccard"])
        for path in files
        for row in rows(path, ("a", "b", "jaccard"))
        if row["jaccard"] >= limit
        for here in said[content[row["a"]]]  # a pair speaks for all that say the same as its two
        for there in said[content[row["b"]]]
    ]
    return frozenset(names.values()), pairs


def signatures(
    train: Sequence[Conversation], evaluated: Sequence[Conversation], limit: float
) -> set[Leak] | None:
    """Near-duplicates by the curation's own signatures and Jaccard; None where `curate` is not installed."""
    try:
        import polars as pl

        from curate import schema
        from curate.passes.near_duplicates import NearDuplicates
    except ImportError:
        return None
    both = [*train, *evaluated]
    frame = schema.number_conversations(schema.messages(columns(both)))
    looker = NearDuplicates(limit=limit)
    number = pl.col(schema.CONVERSATION).cast(pl.UInt64).alias("id")
    keyed = looker.survey(frame).with_columns(number).drop(schema.CONVERSATION)

    def texts(ids: Any) -> Any:
        told = frame.select(number, "turn", "role", "text", "parts")
        return told.join(pl.DataFrame({"id": ids}).unique(), on="id", how="semi")

    found = looker.pair(keyed, texts).filter(pl.col("jaccard") >= limit)
    border = len(train)
    return {Leak(both[b].id, both[a].id, jaccard) for a, b, jaccard in found.iter_rows() if a < border <= b}


def columns(conversations: Sequence[Conversation]) -> dict[str, object]:
    """The conversations as columns of the message table, each under a number of its own."""
    told = [(str(n), m) for n, one in enumerate(conversations) for m in one.messages]
    return {
        "conversation_id": [name for name, _ in told],
        "role": [message.role for _, message in told],
        "text": [message.content for _, message in told],
    }
