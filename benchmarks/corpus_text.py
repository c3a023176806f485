"""Conversations from a grammar, drawn with numpy and put together by Polars, a whole chunk at a time.

Every core message is made of sentences, each from a template with two to five slots, so that two
conversations that were not planted as duplicates stay far from each other (a test compares them all).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

GRAMMAR = Path(__file__).with_name("corpus_grammar.toml")
LANGUAGES = ("en", "fr", "de", "es")
SHARES = (0.56, 0.34, 0.06, 0.04)
SIDES = ("user", "assistant")
PLACE = re.compile(r"(\{\w+!?\})")

Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Language:
    """Vocabulary by slot (a name with `!` begins with a capital) and templates by side, cut into pieces."""

    vocabulary: dict[str, pl.Series]
    templates: dict[str, list[list[str]]]


@dataclass(frozen=True)
class Chunk:
    """Conversations: `messages` (conversation from 0, role, text) and arrays with a value for each.

    `first` is the row of the first user message; the first assistant message is the row after it.
    """

    messages: pl.DataFrame
    language: Ints
    first: Ints


def load_grammar() -> list[Language]:
    """The languages in the order of LANGUAGES."""
    told = tomllib.loads(GRAMMAR.read_text(encoding="utf-8"))
    return [language(told[name], comma=name != "en") for name in LANGUAGES]


def language(told: dict[str, Any], comma: bool) -> Language:
    """One language; the pools of numbers, prices and order numbers are the same in every run."""
    rng = np.random.default_rng(20261123)
    prices = [f"{cents / 100:.2f}" for cents in rng.integers(300, 90_000, 3000)]
    pools = {
        "n": [str(number) for number in range(2, 91)],
        "amount": [price.replace(".", ",") + " €" for price in prices]
        if comma
        else [f"${p}" for p in prices],
        "ref": [f"{chr(65 + n % 26)}{chr(65 + n % 25)}-{n}" for n in rng.integers(10_000, 99_999, 20_000)],
    }
    lists = {name: value.split("|") for name, value in told.items() if isinstance(value, str)} | pools
    if "offer" in lists:
        lists["offer"] = [fill(entry, pools, rng) for entry in lists["offer"] for _ in range(20)]
    lists["system"] = told["system"]
    vocabulary = {name: pl.Series(values) for name, values in lists.items()}
    vocabulary |= {f"{n}!": pl.Series([v[0].upper() + v[1:] for v in values]) for n, values in lists.items()}
    templates = {side: [[p for p in PLACE.split(one) if p] for one in told[side]] for side in SIDES}
    return Language(vocabulary, templates)


def fill(entry: str, pools: dict[str, list[str]], rng: np.random.Generator) -> str:
    """A vocabulary entry with its own slots filled."""
    return PLACE.sub(lambda m: str(rng.choice(pools[m[0][1:-1]])), entry)


def draw(words: pl.Series, count: int, rng: np.random.Generator) -> pl.Series:
    """`count` words, each as likely as the others."""
    return words.gather(rng.integers(0, len(words), count))


def pick(grammar: list[Language], slot: str, languages: Ints, rng: np.random.Generator) -> pl.Series:
    """A word of the slot for each row, in the row's language."""
    return scattered(
        (rows, draw(one.vocabulary[slot], len(rows), rng))
        for number, one in enumerate(grammar)
        if len(rows := np.flatnonzero(languages == number))
    )


def scattered(parts: Iterable[tuple[Ints, pl.Series]]) -> pl.Series:
    """Texts given as (row numbers, texts) in the order of rows; every row is there once."""
    rows, texts = zip(*parts, strict=True)
    together: pl.Series = pl.concat(texts)
    return together.gather(np.argsort(np.concatenate(rows), kind="stable"))


def sentences(grammar: list[Language], languages: Ints, sides: Ints, rng: np.random.Generator) -> pl.Series:
    """A sentence for each row, in the row's language, said by the row's side (0 user, 1 assistant)."""
    parts = []
    for number, one in enumerate(grammar):
        for side, name in enumerate(SIDES):
            rows = np.flatnonzero((languages == number) & (sides == side))
            chosen = rng.integers(0, len(one.templates[name]), len(rows))
            for which, template in enumerate(one.templates[name]):
                mine = rows[chosen == which]
                if len(mine):
                    parts.append((mine, sentence(one, template, len(mine), rng)))
    return scattered(parts)


def sentence(one: Language, template: list[str], count: int, rng: np.random.Generator) -> pl.Series:
    """`count` sentences from one template."""
    pieces = [
        draw(one.vocabulary[piece[1:-1]], count, rng) if PLACE.fullmatch(piece) else pl.lit(piece)
        for piece in template
    ]
    frame = pl.DataFrame({str(n): piece for n, piece in enumerate(pieces) if isinstance(piece, pl.Series)})
    said = [pl.col(str(n)) if isinstance(piece, pl.Series) else piece for n, piece in enumerate(pieces)]
    return frame.select(pl.concat_str(said)).to_series()


def conversations(grammar: list[Language], count: int, system: bool, rng: np.random.Generator) -> Chunk:
    """A chunk of flawless conversations; a quarter have a shared system message, if `system`.

    Exchanges are log-normal (median 1.7, at most 14), first messages longer than later ones; four in ten
    open with a greeting and three in ten end with thanks, as chats do.
    """
    spoken = rng.choice(len(LANGUAGES), count, p=SHARES)
    exchanges = np.clip(np.rint(rng.lognormal(0.55, 0.6, count)), 1, 14).astype(np.int64)
    headed = ((rng.random(count) < 0.25) & system).astype(np.int64)
    thanked = (rng.random(count) < 0.3).astype(np.int64)
    height = headed + 2 * exchanges + 2 * thanked
    starts = np.cumsum(height) - height
    owner = np.repeat(np.arange(count), height)
    place = np.arange(len(owner)) - starts[owner] - headed[owner]  # -1: system; then user, assistant, …
    core = (place >= 0) & (place < 2 * exchanges[owner])
    side = place % 2
    many = np.where(place == 0, rng.integers(2, 5, len(place)), rng.integers(1, 3, len(place)))
    long = np.where(place == 1, 2, 1) + np.minimum(rng.geometric(0.45, len(place)) - 1, 6)
    length = np.where(core, np.where(side == 1, long, many), 0)
    of = np.repeat(np.arange(len(place)), length)
    said = sentences(grammar, spoken[owner[of]], side[of], rng)
    core_text = (
        pl.DataFrame({"row": of, "said": said})
        .group_by("row", maintain_order=True)
        .agg(pl.col("said").str.join(" "))["said"]
    )
    parts: list[tuple[Ints, pl.Series]] = [(np.flatnonzero(core), core_text)]
    for slot, rows in (
        ("system", place < 0),
        ("thanks", ~core & (side == 0)),
        ("bye", ~core & (side == 1) & (place > 0)),
    ):
        if len(where := np.flatnonzero(rows)):
            parts.append((where, pick(grammar, slot, spoken[owner[where]], rng)))
    text = scattered(parts)
    for slot, turn, share in (("greet", 0, 0.4), ("welcome", 1, 0.35)):
        where = np.flatnonzero((place == turn) & (rng.random(len(place)) < share))
        text = text.scatter(where, pick(grammar, slot, spoken[owner[where]], rng) + " " + text.gather(where))
    role = np.where(place < 0, "system", np.where(side == 0, "user", "assistant"))
    messages = pl.DataFrame({"conversation": owner.astype(np.uint32), "role": role, "text": text})
    return Chunk(messages, spoken, starts + headed)
