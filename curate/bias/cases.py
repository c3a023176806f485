"""The scorer on functional cases, after HateCheck: what it must not flag, what it must, by group."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from curate.bias.facts import Case, Settings
from curate.bias.lexicon import LANGUAGES, load
from curate.bias.scoring import Scorer, sentence
from curate.bias.stats import benjamini_hochberg, fisher, wilson


def functional(scorer: Scorer, limit: float, settings: Settings) -> list[Case]:
    """Rates above the run's limit: by functionality over all groups, and by group over all functionalities.

    The cases are those of HateCheck in kind (Röttger et al. 2021), the sentences ours. A group's rate is
    compared with that of all other groups by Fisher's exact test, corrected over all groups, languages and
    both kinds together. Only a group that is flagged more often where harmless, or less where harmful, counts
    as claimed.
    """
    rows = filled()
    scores = scorer.score(rows["text"])["toxicity"]
    told = rows.with_columns(pl.Series("above", scores > limit).cast(pl.Int64))
    found = [*_overall(told), *_by_group(told)]
    tested = [i for i, one in enumerate(found) if one["group"]]
    q = benjamini_hochberg([found[i]["p"] for i in tested])
    for place, i in enumerate(tested):
        worse = (found[i]["rate"] > found[i]["other_rate"]) != found[i]["harmful"]
        found[i] |= {"q": float(q[place]), "claimed": bool(q[place] <= settings.family_level and worse)}
    return [Case(**one) for one in found]


def filled() -> pl.DataFrame:
    """Each sentence of each case with each group: `language`, `case`, `harmful`, `group`, `text`."""
    rows = [
        {
            "language": language,
            "case": case,
            "harmful": harmful,
            "group": group.key,
            "text": sentence(template, group.person, group.people),
        }
        for language in LANGUAGES
        for case, (harmful, templates) in load(language).cases.items()
        for template in templates
        for group in load(language).groups
    ]
    return pl.DataFrame(rows)


def _overall(told: pl.DataFrame) -> list[dict[str, Any]]:
    """Each functionality, over all groups."""
    keys = ["language", "case", "harmful"]
    rows = told.group_by(keys, maintain_order=True).agg(pl.len().alias("n"), pl.col("above").sum())
    none = {"group": "", "other_n": 0, "other_rate": 0.0, "p": 1.0, "q": 1.0, "claimed": False}
    return [{**row, **_rate(row["above"], row["n"]), **none} for row in rows.iter_rows(named=True)]


def _by_group(told: pl.DataFrame) -> list[dict[str, Any]]:
    """Each group's harmless and harmful sentences, against those of all other groups."""
    keys = ["language", "harmful"]
    rows = told.group_by([*keys, "group"], maintain_order=True).agg(
        pl.len().alias("n"), pl.col("above").sum()
    )
    rows = rows.with_columns(
        (pl.col("n").sum().over(keys) - pl.col("n")).alias("other_n"),
        (pl.col("above").sum().over(keys) - pl.col("above")).alias("other_above"),
    )
    p = fisher(*(rows[name].to_numpy() for name in ("above", "n", "other_above", "other_n")))
    return [
        {
            **{name: row[name] for name in (*keys, "group", "n", "above", "other_n")},
            "case": "harmful" if row["harmful"] else "harmless",
            **_rate(row["above"], row["n"]),
            "other_rate": row["other_above"] / max(row["other_n"], 1),
            "p": float(p[i]),
            "q": 1.0,
            "claimed": False,
        }
        for i, row in enumerate(rows.iter_rows(named=True))
    ]


def _rate(above: int, n: int) -> dict[str, float]:
    low, high = wilson(above, n)
    return {"rate": float(np.divide(above, n)), "low": float(low), "high": float(high)}
