"""A run's conversations as a table of measures: what the passes found, who is mentioned, topics, losses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from train.errors import ConfigError, DataError
from train.evaluate import Scorer, spread
from train.monitor.limits import Limits
from train.monitor.measures import PLAIN, RATIO, SHARE, Array, Measure, Table
from train.records import read

TOXIC = 0.2
"""A conversation counts as toxic from this score of its worst message on."""


def curated(logs: list[str], baseline: str, to: Path) -> Any:
    """Fresh logs through the baseline's own recipe into `to`; a finished run.

    Raises DataError for what cannot be read, ConfigError where the recipe does not redact.
    """
    from curate import runs
    from curate.errors import TamisError

    try:
        recipe = runs.open_run(baseline).recipe()
        if not any(one.name == "redact_pii" for one in recipe.passes):
            raise ConfigError(
                f"the recipe of {baseline} has no redact_pii, and fresh logs are only written without "
                "private values; curate the baseline with a recipe that has it"
            )
        return runs.run(logs, to, recipe)
    except TamisError as error:
        raise DataError(str(error)) from error


def measured(run: Any, baseline: str, scorer: Scorer | None, limits: Limits) -> Table:
    """The measures of a run's conversations, in the order in which they were read."""
    from curate import schema

    rows = schema.number_conversations(run.messages.collect())
    told = by_conversation(rows)
    made = Maker(told.height)
    passes(made, told)
    slices = sliced(rows, told, baseline)
    for by, values in slices.items():
        for name in sorted(set(values.tolist())):
            made.add(by, name, SHARE, values == name)
    groups(made, rows)
    ids = tuple(told["conversation_id"].to_list())
    if scorer is not None:
        losses(made, scorer, run.out, ids, limits)
    _, units = np.unique(told["unit"].to_numpy().astype(str), return_inverse=True)
    return Table(ids, units, made.measures, slices)


def by_conversation(rows: Any) -> Any:
    """A row a conversation of what the passes measured; `unit`: what it is a copy or branch of, or itself."""
    import polars as pl

    from curate import schema

    has = set(rows.columns)
    same = [name for name in ("duplicate_of", "tree") if name in has]
    kinds = pl.col("pii_kinds").str.extract_all("[A-Z_]+").list
    return rows.group_by(schema.CONVERSATION, maintain_order=True).agg(
        pl.col("conversation_id").first(),
        pl.coalesce(*same, "conversation_id").first().alias("unit"),
        pl.col("text").str.len_chars().sum().alias("length"),
        *(pl.col(name).max() for name in ("toxicity", "refusal") if name in has),
        *(pl.col(name).first() for name in ("conversation_language",) if name in has),
        *(
            kinds.explode(keep_nulls=False, empty_as_null=False).unique().alias(name)
            for name in ("pii_kinds",)
            if name in has
        ),
    )


def passes(made: Maker, told: Any) -> None:
    """Length, toxicity, refusals and private values, as far as the recipe measures them."""
    import polars as pl

    made.add("length", "", RATIO, np.log1p(told["length"].to_numpy().astype(float)), cut=True)
    for name, least in (("toxicity", TOXIC), ("refusal", 1.0)):
        if name in told.columns:
            over = told[name].cast(pl.Float64).fill_null(0).to_numpy() >= least
            made.add(name, "", SHARE, over, cut=True)
    if "pii_kinds" in told.columns:
        kinds = told["pii_kinds"].to_list()
        made.add("pii", "", SHARE, np.array([bool(one) for one in kinds]), cut=True)
        for name in sorted({kind for one in kinds for kind in one}):
            made.add("pii", name, SHARE, np.array([name in one for one in kinds]))


def sliced(rows: Any, told: Any, baseline: str) -> dict[str, Array]:
    """The language and the topic of each conversation; topics are those that the baseline has."""
    from curate import schema
    from curate.diversity import assign
    from curate.diversity.placing import model_of
    from curate.runs import Run

    slices: dict[str, Array] = {}
    if "conversation_language" in told.columns:
        slices["language"] = told["conversation_language"].fill_null("unknown").to_numpy().astype(object)
    topics = assign(rows.drop(schema.CONVERSATION), model_of(Run(baseline)))
    slices["topic"] = topics["name"].fill_null("no known word").to_numpy().astype(object)
    return slices


def groups(made: Maker, rows: Any) -> None:
    """Conversations that mention each group of people of the bias audit."""
    import polars as pl

    from curate import schema
    from curate.bias.matching import matches

    found = matches(rows["text"], rows["language"] if "language" in rows.columns else None)
    found = found.filter(pl.col("kind") == "group").select("row", "means").unique()
    owner = rows[schema.CONVERSATION].to_numpy()
    for name in sorted(set(found["means"].to_list())):
        over = np.zeros(made.count, bool)
        over[owner[found.filter(pl.col("means") == name)["row"].to_numpy()]] = True
        made.add("group", name, SHARE, over)


class Maker:
    """Measures of `count` conversations as they are gathered."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.measures: dict[str, Measure] = {}

    def add(
        self, kind: str, name: str, form: str, over: Array, under: Array | None = None, *, cut: bool = False
    ) -> None:
        """One more; without `under` it is over conversations."""
        under = np.ones(self.count) if under is None else under
        one = Measure(kind, name, form, over.astype(np.float64), under, cut)
        self.measures[one.key] = one


def losses(made: Maker, scorer: Scorer, out: str, ids: tuple[str, ...], limits: Limits) -> None:
    """The model's losses on what was kept, on `limits.scored` conversations at even distances at most."""
    kept = [one for one in read(out) if any(message.learned for message in one.messages)]
    chosen = [kept[n] for n in spread(len(kept), limits.scored)]
    if not chosen:
        return
    cells, _ = scorer.cells(chosen)
    sums = cells.sums(cells.target, len(chosen))
    place = {name: n for n, name in enumerate(ids)}
    rows = np.array([place[one.id] for one in chosen])
    whole = np.zeros((made.count, 4))
    whole[rows] = sums
    made.add("perplexity", "", RATIO, whole[:, 0], whole[:, 1], cut=True)
    made.add("bits", "", PLAIN, whole[:, 2] / np.log(2), whole[:, 3], cut=True)
