"""The kept conversations beside the traffic that a model will meet: topics, languages, intents, lengths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from curate import schema
from curate.dedup.conversations import conversation_table
from curate.diversity import apart, dealing, facts, layout, placing, sample, topics
from curate.diversity.advice import from_reference
from curate.diversity.facts import DiversityFacts, Place, Reference, Settings
from curate.diversity.numbers import codes_of
from curate.diversity.one_thread import one_thread
from curate.passes.base import GlobalPass
from curate.passes.redact_pii import RedactPii
from curate.runs import Run

KINDS = ("topic", "language", "intent", "length", "turns")
"""What both are compared by. Length: characters of users and assistants; turns: messages; each in octaves."""
COLUMNS = ("conversation_id", "tree", "turn", "role", "author", "text", "source")


def compare(run: Run, logs: Sequence[str], found: DiversityFacts, *, workers: int = 0) -> DiversityFacts:
    """The facts with `reference`: what the run kept beside raw logs of the traffic to come.

    The logs go through the run's recipe in memory; of them nothing is written but counts and the words of
    topics, which many conversations share. What passes over single conversations would drop counts (a model
    meets it); copies count once, as they do in what was kept. `diversity.json` in OUT is written again.
    Raises InputError where the logs cannot be read.
    """
    settings = found.settings
    kept, traffic = kept_sample(run, settings), traffic_sample(run, logs, settings, workers)
    made = compared(kept, traffic, settings)
    told = facts.with_reference(found, made, from_reference(made.slices, made.conversations))
    run.storage.write(facts.NAME, facts.to_json(told))
    return told


def kept_sample(run: Run, settings: Settings) -> pl.DataFrame:
    """Messages of kept conversations, at most so many as the reference has, by seeded hash."""
    parts = []
    for name in sample.parts_of(run):
        texts = pl.scan_parquet(run.storage.path(name))
        language = [one for one in placing.MEASURED if one in texts.collect_schema().names()]
        verdicts = pl.scan_parquet(run.storage.path(name.replace(sample.PARTS, "verdicts", 1)))
        rows = pl.concat(
            [texts.select(*COLUMNS, *language), verdicts.select("verdict", "decided_by")], how="horizontal"
        ).collect()
        parts.append(different(whole(rows, pl.col("verdict") != "drop"), settings))
    rows = pl.concat([one.with_columns(part=number) for number, one in enumerate(parts)] or [nothing()])
    return redacted(run, different(rows, settings))


def traffic_sample(run: Run, logs: Sequence[str], settings: Settings, workers: int) -> pl.DataFrame:
    """Messages of the reference after the run's recipe, without copies; read and carried in memory."""
    from curate.preview import preview

    recipe = run.recipe()
    told = preview(
        list(logs), recipe, workers=workers, sample=settings.reference, seed=settings.seed
    ).messages
    copied = [one.name for one in recipe.passes if isinstance(one, GlobalPass)]
    rows = whole(told.drop(schema.CONVERSATION), ~pl.col("decided_by").is_in(copied).fill_null(value=False))
    language = [one for one in placing.MEASURED if one in rows.columns]
    rows = rows.select(*COLUMNS, *language, "verdict", "decided_by", "rank").with_columns(part=0)
    return redacted(run, different(rows, settings))


def nothing() -> pl.DataFrame:
    """No messages, with the columns that samples have."""
    kinds = {name: schema.MESSAGES[name] for name in (*COLUMNS, "verdict", "decided_by")}
    return pl.DataFrame(schema={**kinds, "rank": pl.UInt64, "part": pl.Int32})


def whole(rows: pl.DataFrame, stays: pl.Expr) -> pl.DataFrame:
    """The conversations with a message that stays, and `rank`: a hash of what each says."""
    numbered = schema.number_conversations(rows)
    if not numbered.height:
        return rows.with_columns(pl.lit(0, pl.UInt64).alias("rank")).head(0)
    table = conversation_table(numbered.with_columns(pl.lit(None, pl.String).alias("parts")))
    content = table.select(schema.CONVERSATION, pl.col("content").alias("rank"))
    some = numbered.group_by(schema.CONVERSATION).agg(stays.any().alias("stays"))
    joined = numbered.join(content, on=schema.CONVERSATION, maintain_order="left")
    joined = joined.join(some, on=schema.CONVERSATION, maintain_order="left")
    return joined.filter("stays").drop("stays", schema.CONVERSATION)


def different(rows: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """The conversations of least seeded hash, at most `settings.reference`; of equal ones the first."""
    if not rows.height:
        return rows
    numbered = schema.number_conversations(rows)
    firsts = numbered.unique(schema.CONVERSATION, keep="first", maintain_order=True)
    firsts = firsts.filter(pl.col("rank") != 0).unique("rank", keep="first", maintain_order=True)
    order = sample.mixed(firsts["rank"].to_numpy(), settings.seed)
    chosen = firsts.select(schema.CONVERSATION, pl.Series("order", order)).sort("order")
    chosen = chosen.head(settings.reference)
    picked = numbered.join(chosen, on=schema.CONVERSATION, maintain_order="left")
    return picked.sort("order", maintain_order=True).drop("order", schema.CONVERSATION)


def redacted(run: Run, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows redacted where the run's recipe does not do it: their words are told."""
    if any(one["kind"] == "redaction" for one in run.manifest["recipe"]["passes"]) or not rows.height:
        return rows
    empty = {name: None for name in schema.MESSAGES if name not in rows.columns} | {"record": 1}
    told = [pl.lit(value).cast(schema.MESSAGES[name]).alias(name) for name, value in empty.items()]
    table = rows.with_columns(told)
    beyond = [name for name in table.columns if name not in schema.MESSAGES]
    return RedactPii()(table.select(*schema.MESSAGES, *beyond)).select(rows.columns)


@one_thread()
def compared(kept: pl.DataFrame, traffic: pl.DataFrame, settings: Settings) -> Reference:
    """Both samples side by side: topics found on both together, so that what one lacks is a topic too."""
    sides = [schema.number_conversations(one) for one in (kept, traffic)]
    model = topics.find(schema.number_conversations(together(sides)), sure=False)
    units = []
    for side, one in enumerate(sides):
        copies = pl.lit(None, pl.String).alias("duplicate_of")
        placed = placing.place(one.drop(schema.CONVERSATION).with_columns(copies), model, ())[1]
        units.append(placed.with_columns(pl.lit(side, pl.UInt8).alias("side")))
    both = octaves(pl.concat(units), model)
    sides_of = both["side"].to_numpy()
    deals = dealing.deal(sides_of, both["block"].to_numpy(), settings.permutations, settings.seed)
    divergences, slices = [], []
    for kind in KINDS:
        codes, names = codes_of(both[kind].to_numpy())
        if all((codes[sides_of == side] >= 0).any() for side in (0, 1)):
            divergences.append(apart.divergence(kind, codes, sides_of, deals))
            slices += apart.beside(kind, names, codes, sides_of, deals)
    far = apart.claimed(divergences, settings.level)
    return Reference(
        conversations=int((sides_of == 0).sum()),
        reference_conversations=int((sides_of == 1).sum()),
        topics=places(model),
        divergences=far,
        slices=apart.claimed_slices(slices, {one.kind for one in far if one.claimed}, settings.level),
    )


def together(sides: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Both samples as one, in an order that has nothing to do with the side; what both hold once."""
    marked = [one.with_columns(pl.lit(side).alias("side")) for side, one in enumerate(sides)]
    rows = pl.concat(marked, how="diagonal")
    firsts = rows.filter(pl.col("turn") == 0).sort("rank", "side", maintain_order=True)
    firsts = firsts.unique("rank", keep="first", maintain_order=True).select("side", schema.CONVERSATION)
    picked = rows.join(firsts, on=["side", schema.CONVERSATION], how="semi", maintain_order="left")
    return picked.sort("rank", "side", maintain_order=True).drop(schema.CONVERSATION, "side")


def octaves(units: pl.DataFrame, model: topics.TopicModel) -> pl.DataFrame:
    """The units with names of topics, and lengths and turns as octaves: "256–511"."""
    names = pl.Series("topic", [*(one.name for one in model.topics), None], dtype=pl.String)

    def octave(column: str) -> pl.Expr:
        low = 2 ** pl.max_horizontal(pl.col(column), 1).log(2).floor().cast(pl.Int64)
        return pl.format("{}–{}", low, 2 * low - 1).alias(column)

    named = names.gather(units["topic"].fill_null(len(model.topics)).cast(pl.UInt32))
    return units.with_columns(named, octave("length"), octave("turns"))


def places(model: topics.TopicModel) -> tuple[Place, ...]:
    """The topics of both on a map of their own."""
    where = layout.plane(model.centres.astype(np.float64))
    return tuple(
        Place(name=one.name, words=one.words, language="", x=float(x), y=float(y))
        for one, (x, y) in zip(model.topics, where, strict=True)
    )
