"""`measure(run)`: how diverse a finished run is, and what each pass did to that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import polars as pl

from curate.bias.stats import benjamini_hochberg, wilson
from curate.bias.stats import effective as worth
from curate.diversity import facts, layout
from curate.diversity.advice import lacking
from curate.diversity.facts import KINDS, Dimension, DiversityFacts, Place, Settings, Slice, Step
from curate.diversity.numbers import Floats, Longs, change, codes_of, effective
from curate.diversity.one_thread import one_thread
from curate.diversity.placing import model_of, placed
from curate.diversity.topics import TopicModel
from curate.diversity.vendi import vendi
from curate.runs import Run

SLICED = ("topic", "language", "intent", "source")
"""Kinds whose slices are told one by one; authors are numbers only."""
STEPPED = ("topic", "language", "intent", "author")


def measure(run: Run, settings: Settings | None = None) -> DiversityFacts:
    """How diverse a finished run is; `diversity.json` and `topics/` are written in its folder.

    Topics are those stored in OUT where inputs and rules are the same. Raises InputError where there is no
    finished run.
    """
    made = examined(run, settings or Settings())
    run.storage.write(facts.NAME, facts.to_json(made))
    return made


def stands(run: Run) -> bool:
    """Whether the run has its facts and topics already, as it stands now."""
    storage = run.storage
    if not storage.exists(facts.NAME) or len(storage.names("topics")) <= len(storage.names("messages")):
        return False
    told = msgspec.json.decode(storage.read(facts.NAME), type=dict[str, Any])
    known = (told.get("format"), told.get("version"), told.get("run"))
    return known == (facts.FORMAT, facts.VERSION, run.manifest.get("content", ""))


@one_thread()
def examined(run: Run, settings: Settings) -> DiversityFacts:
    """The facts of a finished run."""
    manifest, model = run.manifest, model_of(run)
    units = with_names(placed(run, model), model)
    kept = units["removed_by"].is_null().to_numpy()
    codes = {kind: codes_of(units[kind].to_numpy()) for kind in KINDS}
    blocks = units["block"].to_numpy().astype(np.int64)
    deciding = [one["name"] for one in manifest["recipe"]["passes"] if one["kind"] in ("decider", "global")]
    dims = tuple(
        one for kind in KINDS if (one := dimension(kind, codes[kind][0], blocks, kept, spread(kind, model)))
    )
    slices = tuple(one for kind in SLICED for one in slices_of(kind, units, blocks, codes[kind]))
    return DiversityFacts(
        tamis=manifest["tamis"],
        run=str(manifest.get("content", "")),
        started=manifest["started"],
        recipe=manifest["recipe"]["name"],
        settings=settings,
        conversations=units.height,
        kept=int(kept.sum()),
        sample=model.sample,
        unplaced=units.filter(pl.Series(kept) & pl.col("topic").is_null()).height,
        topics=places(model, units),
        slices=slices,
        dimensions=dims,
        steps=tuple(steps(units, codes, blocks, ["", *deciding], settings)),
        vendi=vendi(run, kept, settings) if units.height else (),
        advice=lacking(slices, dims, units, settings),
    )


def spread(kind: str, model: TopicModel) -> float:
    """The standard error that telling a kind apart brings: only topics are found."""
    return model.spread if kind == "topic" else 0.0


def with_names(units: pl.DataFrame, model: TopicModel) -> pl.DataFrame:
    """The units with the names of topics in place of their numbers."""
    names = pl.Series("topic", [*(one.name for one in model.topics), None], dtype=pl.String)
    return units.with_columns(names.gather(units["topic"].fill_null(len(model.topics)).cast(pl.UInt32)))


def dimension(kind: str, codes: Longs, blocks: Longs, kept: np.ndarray, error: float) -> Dimension | None:
    """The effective numbers of one kind; None where nothing tells conversations apart by it."""
    read = effective(codes, blocks, spread=error)
    if read is None:
        return None
    weights = kept.astype(np.float64)
    moved = change(codes, blocks, np.ones(len(codes)), weights)
    return Dimension(kind=kind, read=read, kept=effective(codes, blocks, weights, error), change=moved)


def slices_of(
    kind: str, units: pl.DataFrame, blocks: Longs, told: tuple[Longs, Sequence[str]]
) -> list[Slice]:
    """The slices of a kind by falling number of conversations kept."""
    codes, names = told
    kept = units["removed_by"].is_null().to_numpy()
    removed = units.filter(pl.col("removed_by").is_not_null() & (pl.col("removed_by") != ""))
    most = dict(
        removed.group_by(kind, "removed_by").len().sort("len", "removed_by", descending=[True, False])
        .unique(kind, keep="first", maintain_order=True).select(kind, "removed_by").iter_rows()
    )  # fmt: skip
    low, high = shares(codes[kept], blocks[kept], len(names))
    read_of, kept_of = (
        np.bincount(codes[codes >= 0], minlength=len(names)),
        np.bincount(codes[kept & (codes >= 0)], minlength=len(names)),
    )
    whole = max(1, int(kept_of.sum()))
    found = [
        Slice(
            kind=kind,
            name=name,
            read=int(read_of[code]),
            kept=int(kept_of[code]),
            share=float(kept_of[code] / whole),
            low=float(low[code]),
            high=float(high[code]),
            removed_by=most.get(name, ""),
        )
        for code, name in enumerate(names)
    ]
    return sorted(found, key=lambda one: (-one.kept, -one.read, one.name))


def shares(codes: Longs, blocks: Longs, count: int) -> tuple[Floats, Floats]:
    """The 95% interval of each code's share: Wilson's, of as many conversations as the blocks are worth."""
    codes, blocks = codes[codes >= 0], blocks[codes >= 0]
    if not count or not len(codes):
        return np.zeros(count), np.ones(count)
    _, block = np.unique(blocks, return_inverse=True)
    hits = np.zeros((block.max() + 1, count))
    np.add.at(hits, (block, codes), 1.0)
    of = np.repeat(hits.sum(1, keepdims=True), count, axis=1)
    hits_worth, of_worth = worth(hits, of, np.full(count, float(len(codes))))
    return wilson(hits_worth, of_worth)


def steps(
    units: pl.DataFrame,
    codes: dict[str, tuple[Longs, list[str]]],
    blocks: Longs,
    passes: Sequence[str],
    settings: Settings,
) -> list[Step]:
    """What each pass that removed conversations did, in recipe order ("" is what the input had decided)."""
    by = units["removed_by"].fill_null("\0").to_numpy()
    alive = np.ones(len(by))
    found = []
    for name in passes:
        after = np.where(by == name, 0.0, alive)
        removed = int(alive.sum() - after.sum())
        for kind in STEPPED if removed else ():
            moved = change(codes[kind][0], blocks, alive, after)
            made = effective(codes[kind][0], blocks, after)
            start = effective(codes[kind][0], blocks, alive)
            if moved and made and start:
                found.append(
                    Step(
                        by=name,
                        kind=kind,
                        removed=removed,
                        before=start.value,
                        after=made,
                        change=moved,
                        q=1.0,
                        claimed=False,
                    )
                )
        alive = after
    return claimed(found, settings.level)


def claimed(found: Sequence[Step], level: float) -> list[Step]:
    """The steps with q-values over all of them (Benjamini and Hochberg 1995), and claims under the level."""
    q = benjamini_hochberg([one.change.p for one in found])
    told = zip(found, q, strict=True)
    return [replace(one, q=float(value), claimed=bool(value <= level)) for one, value in told]


def places(model: TopicModel, units: pl.DataFrame) -> tuple[Place, ...]:
    """The model's topics on the map, with the language that most of their conversations are in."""
    spoken = (
        units.drop_nulls(["topic", "language"]).group_by("topic", "language").len()
        .sort("len", "language", descending=[True, False]).unique("topic", keep="first")
    )  # fmt: skip
    language = dict(spoken.select("topic", "language").iter_rows())
    where = layout.plane(model.centres.astype(np.float64))
    return tuple(
        Place(name=one.name, words=one.words, language=language.get(one.name, ""), x=float(x), y=float(y))
        for one, (x, y) in zip(model.topics, where, strict=True)
    )
