"""Plants flaws in a chunk of conversations and gives the truth beside it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from benchmarks.corpus_flaws import KINDS, PLANTERS
from benchmarks.corpus_text import LANGUAGES, Chunk, Ints

TRUTH = pl.Schema(
    {
        "conversation": pl.UInt64,  # number in the corpus; the id in the logs is c followed by nine digits
        "turn": pl.UInt32,  # null where the whole conversation is meant
        "language": pl.String,
        "flaw": pl.String,
        "class": pl.String,
        "value": pl.String,  # what was planted, where it is one string
        "clean": pl.String,  # the message without the flaw, where it can be mended
        "expected": pl.String,
        "by": pl.String,
        "twin": pl.UInt64,  # the conversation it was copied from
        "jaccard_user": pl.Float64,
        "jaccard_assistant": pl.Float64,
    }
)
KEPT = 300  # flawless conversations carried to the next chunk, so that copies lie far from what they copy


@dataclass(frozen=True)
class Carried:
    """Flawless conversations of earlier chunks: their numbers in the corpus and their messages."""

    numbers: Ints
    messages: pl.DataFrame


def shingles(messages: list[str]) -> set[str]:
    """Runs of five characters of each message in lower case with single spaces; a shorter message is its own.

    >>> sorted(shingles(["Thanks  all", "ok"]))[:3]
    ['anks ', 'hanks', 'ks al']
    """
    found: set[str] = set()
    for message in messages:
        text = " ".join(message.lower().split())
        found.update(text[place : place + 5] for place in range(max(1, len(text) - 4)))
    return found - {""}


def jaccard(one: list[str], other: list[str]) -> float:
    """Shared shingles of two lists of messages, intersection over union; 1 where neither has any.

    >>> jaccard(["abcdef"], ["abcdeg"])
    0.3333333333333333
    """
    first, second = shingles(one), shingles(other)
    return len(first & second) / len(first | second) if first or second else 1.0


def edited(text: str, target: float, words: list[str], rng: random.Random) -> str:
    """The text with words replaced until its Jaccard with what it was is near `target`.

    Of the L shingles a share x is lost when J = (1 - x) / (1 + x); a word of n letters carries about n + 5.
    """
    said = text.split(" ")
    lost = (1 - target) / (1 + target) * len(text)
    places = list(range(len(said)))
    rng.shuffle(places)
    for place in places:
        if lost <= 0:
            break
        lost -= len(said[place]) + 5
        said[place] = rng.choice(words)
    return " ".join(said)


def choose(count: int, scale: float, line_format: bool, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """The flaw of each conversation, "" for none; flaws of lines only where the format has lines."""
    names = [name for name, kind in KINDS.items() if line_format or kind.side != "line"]
    shares = np.array([KINDS[name].share * scale for name in names])
    if shares.sum() > 1:
        raise ValueError(f"--flaws {scale} would spoil {shares.sum():.0%} of the conversations; at most 100%")
    return np.array([*names, ""])[rng.choice(len(names) + 1, count, p=[*shares, 1 - shares.sum()])]


def plant(
    chunk: Chunk, flaw: np.ndarray[Any, Any], number: int, carried: Carried | None, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame, Carried]:
    """The chunk's messages with their flaws, the truth (TRUTH), and what the next chunk may copy.

    `flaw` has a name of KINDS or "" per conversation; `number` is that of the first one in the corpus.
    """
    rng = random.Random(seed)
    rows: list[dict[str, Any]] = []
    text = chunk.messages["text"]
    owners = chunk.messages["conversation"].to_numpy()
    starts = np.searchsorted(owners, np.arange(len(flaw)))
    places, texts = [], []
    for name, put in PLANTERS.items():
        for which in np.flatnonzero(flaw == name):
            place = int(chunk.first[which]) + (KINDS[name].side == "assistant")
            tongue = LANGUAGES[chunk.language[which]]
            done = put(text[place], tongue, rng)
            places.append(place)
            texts.append(done.text)
            turn = place - int(starts[which])
            told = {"class": done.kind_of_value, "value": done.value, "clean": done.clean}
            rows.append(row(number + int(which), name, turn, tongue) | told)
    for which in np.flatnonzero([name != "" and KINDS[name].side == "line" for name in flaw]):
        rows.append(row(number + int(which), flaw[which], None, LANGUAGES[chunk.language[which]]))
    changed = chunk.messages.with_columns(text=text.scatter(places, texts)) if places else chunk.messages
    messages, copies = with_copies(changed, flaw, number, carried, rng)
    clean = np.flatnonzero(flaw == "")[-KEPT:]
    keep = Carried(clean + number, renumbered(changed, clean))
    truth = pl.DataFrame(rows + copies, schema=TRUTH).sort("conversation")
    return messages, truth, keep


def row(conversation: int, name: str, turn: int | None, tongue: str | None) -> dict[str, Any]:
    """A row of truth."""
    kind = KINDS[name]
    told: dict[str, Any] = dict.fromkeys(TRUTH)
    told |= {"conversation": conversation, "turn": turn, "language": tongue, "flaw": name}
    return told | {"expected": kind.expected, "by": kind.by}


def renumbered(messages: pl.DataFrame, wanted: Ints) -> pl.DataFrame:
    """The messages of the conversations wanted, numbered from 0 in that order."""
    keys = pl.DataFrame(
        {"conversation": wanted.astype(np.uint32), "place": np.arange(len(wanted), dtype=np.uint32)}
    )
    found = keys.join(messages, on="conversation", how="left", maintain_order="left_right")
    return found.select(conversation="place", role="role", text="text")


def with_copies(
    messages: pl.DataFrame,
    flaw: np.ndarray[Any, Any],
    number: int,
    carried: Carried | None,
    rng: random.Random,
) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """Conversations marked as duplicates replaced by copies of flawless ones before them, and their truth."""
    copies = np.flatnonzero((flaw == "exact_duplicate") | (flaw == "near_duplicate"))
    clean = np.flatnonzero(flaw == "")
    old = 0 if carried is None else len(carried.numbers)
    sources: dict[int, int] = {}
    for which in copies.tolist():
        before = old + int(np.searchsorted(clean, which))
        if before:  # the very first conversation has nothing before it and stays as it is
            sources[which] = rng.randrange(before)
    if not sources:
        return messages, []
    pool = renumbered(messages, clean)
    if carried is not None:
        shifted = pool.with_columns(pl.col("conversation") + old)
        pool = pl.concat([carried.messages, shifted])
    numbers = clean + number if carried is None else np.concatenate([carried.numbers, clean + number])
    words = pool["text"].head(50).str.join(" ")[0].split(" ")
    rows, parts = [], []
    taken = renumbered(pool, np.array(list(sources.values()))).partition_by(
        "conversation", maintain_order=True
    )
    for (which, place), copy in zip(sources.items(), taken, strict=True):
        told = row(number + which, flaw[which], None, None) | {"twin": int(numbers[place])}
        if flaw[which] == "near_duplicate":
            copy, measured = nearly(copy, rng, words)
            told |= measured
        rows.append(told)
        parts.append(copy.with_columns(conversation=pl.lit(which, dtype=pl.UInt32)))
    others = messages.filter(~pl.col("conversation").is_in(list(sources)))
    return pl.concat([others, *parts]).sort("conversation", maintain_order=True), rows


def nearly(copy: pl.DataFrame, rng: random.Random, words: list[str]) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The conversation with words replaced in what each side said, and its exact Jaccard on each side."""
    target = rng.choice((0.97, 0.93, 0.88, 0.82, 0.75, 0.65, 0.5))
    roles, before = copy["role"].to_list(), copy["text"].to_list()
    after = [
        text if role == "system" else edited(text, target, words, rng)
        for role, text in zip(roles, before, strict=True)
    ]
    measured: dict[str, Any] = {"class": f"aimed at {target}"}
    for side in ("user", "assistant"):
        one, other = (
            [text for role, text in zip(roles, texts, strict=True) if role == side]
            for texts in (before, after)
        )
        measured[f"jaccard_{side}"] = jaccard(one, other)
    return copy.with_columns(text=pl.Series(after)), measured
