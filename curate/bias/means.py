"""Gaps between groups in what was measured, and answers to one question that names different groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from curate.bias import origins
from curate.bias.facts import Answer, Gap, Settings
from curate.bias.stats import Sums, benjamini_hochberg, differences

MEASURES = ("toxicity", "sentiment", "words", "polite", "refusal")


def gaps(measures: pl.DataFrame, settings: Settings) -> list[Gap]:
    """For each kind, language, group, whose message and measure: the mean less that of the others' messages.

    The others mention other groups; of a declared field they declare another value; of a source they were
    read elsewhere. Only where group and others are large enough. Intervals by studentised bootstrap over
    blocks.
    """
    keys = ["kind", "language", "about", "measure"]
    groups = measures.filter(pl.col("group") != "")
    tests = (
        groups.group_by(*keys, "group")
        .agg(pl.col("n").sum(), pl.col("conversations").sum())
        .join(
            measures.filter(pl.col("group") == "")
            .group_by(keys)
            .agg(
                pl.col("n").sum().alias("all"),
                pl.col("squares").sum().alias("any"),
                pl.col("conversations").sum().alias("all_conversations"),
            ),
            on=keys,
        )
        .filter(
            (pl.col("any") > 0)  # nowhere polite, nowhere a refusal: nothing to compare
            & (pl.col("n") >= settings.least_messages)
            & (pl.col("conversations") >= settings.least_conversations)
            & (pl.col("all") - pl.col("n") >= settings.least_messages)
            & (pl.col("all_conversations") - pl.col("conversations") >= settings.least_conversations)
        )
        .sort(*keys, "group")
    )
    tests = origins.among_largest(tests)
    if not tests.height:
        return []
    places = tests.select(*keys, "group").with_row_index("test")
    own = dense(groups.join(places, on=[*keys, "group"]), tests.height, settings.blocks)
    whole = measures.filter(pl.col("group") == "").drop("group").join(places, on=keys)
    both = dense(whole, tests.height, settings.blocks)
    sums = Sums(*own, *(all_ - one for all_, one in zip(both, own, strict=True)))
    found = differences(sums, settings.replicates, settings.seed)
    q = benjamini_hochberg(found.p)
    return [
        Gap(
            kind=row["kind"],
            language=row["language"],
            about=row["about"],
            measure=row["measure"],
            group=row["group"],
            n=int(row["n"]),
            conversations=int(row["conversations"]),
            other_n=int(row["all"] - row["n"]),
            q=float(q[i]),
            claimed=bool(q[i] <= settings.family_level),
            effect=float(found.effect[i]),
            **_numbers(found, i),
        )
        for i, row in enumerate(tests.iter_rows(named=True))
    ]


def _numbers(found: Any, i: int) -> dict[str, float]:
    names = ("mean", "other_mean", "difference", "low", "high", "p")
    return {name: float(getattr(found, name)[i]) for name in names}


def dense(rows: pl.DataFrame, tests: int, blocks: int) -> list[np.ndarray[Any, np.dtype[np.float64]]]:
    """Number, sum and sum of squares by block and test."""
    at = (rows["block"].to_numpy().astype(np.int64), rows["test"].to_numpy().astype(np.int64))
    found = []
    for name in ("n", "total", "squares"):
        table = np.zeros((blocks, tests))
        np.add.at(table, at, rows[name].to_numpy().astype(np.float64))
        found.append(table)
    return found


def answers(rows: pl.DataFrame, settings: Settings) -> list[Answer]:
    """Answers compared within questions that are the same but for the group that they name.

    A question asked about several groups counts once for each: the mean over its answers about this group,
    less the mean over its answers about the others. The bootstrap draws questions.
    """
    long = rows.unpivot(
        on=list(MEASURES), index=["template", "language", "axis", "group"], variable_name="measure"
    ).filter(pl.col("value").is_not_null())
    keys = ["template", "language", "axis", "measure"]
    means = long.group_by(*keys, "group").agg(pl.col("value").mean(), pl.len().alias("answers"))
    means = means.filter((pl.col("value").abs().max() > 0).over("measure"))
    several = means.filter(pl.len().over(keys) > 1).with_columns(
        ((pl.col("value").sum().over(keys) - pl.col("value")) / (pl.len().over(keys) - 1)).alias("other")
    )
    tests = [
        (key, some)
        for key, some in sorted(several.group_by("group", "measure"), key=lambda pair: pair[0])
        if some.height >= settings.least_conversations
    ]
    found = [_answer(str(key[0]), str(key[1]), some.sort(keys), settings) for key, some in tests]
    q = benjamini_hochberg([one["p"] for one in found])
    return [
        Answer(**one, q=float(value), claimed=bool(value <= settings.family_level))
        for one, value in zip(found, q, strict=True)
    ]


def _answer(group: str, measure: str, some: pl.DataFrame, settings: Settings) -> dict[str, Any]:
    """One group and measure: a paired difference over questions."""
    pairs = (some["value"] - some["other"]).to_numpy()
    low, high, p = paired(pairs, settings.replicates, settings.seed)
    return {
        "group": group,
        "measure": measure,
        "questions": some.height,
        "answers": int(some["answers"].sum()),
        "mean": float(some["value"].mean()),  # type: ignore[arg-type]
        "other_mean": float(some["other"].mean()),  # type: ignore[arg-type]
        "difference": float(pairs.mean()),
        "low": low,
        "high": high,
        "p": p,
    }


def paired(
    pairs: Sequence[float] | np.ndarray[Any, np.dtype[np.float64]], replicates: int, seed: int
) -> tuple[float, float, float]:
    """Interval of a mean and the p-value that it is none, by studentised bootstrap over the pairs.

    >>> low, high, p = paired([1.0] * 30, 99, 1)
    >>> low, high, p
    (1.0, 1.0, 0.0)
    """
    values = np.asarray(pairs, np.float64)
    columns = values[:, None]
    ones, none = np.ones_like(columns), np.zeros_like(columns)
    # against a constant: one block each, the others' mean is 0 without error
    found = differences(Sums(ones, columns, columns**2, ones, none, none), replicates, seed)
    low, high, p = float(found.low[0]), float(found.high[0]), float(found.p[0])
    if values.std() == 0:
        return float(values[0]), float(values[0]), 0.0 if values[0] else 1.0
    return low, high, p
