"""The audit's identity swaps, asked of a model: does it expect what follows a group's name more or less?

The bias audit of `curate` fills sentences of ours with each group, and gives kept sentences another group of
the same axis. There they go to the toxicity scorer; here the model's loss on the words *after* the group's
name is compared, so that how rare a name is does not count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train.checks.differences import Difference, Key, apart, tested
from train.checks.pairs import Spoken, gap_after, spoken, tail

if TYPE_CHECKING:
    from train.evaluate import Scorer

LEAST = 8
"""Sentences that a claim needs."""
ABSENT = "identity swaps need curate and Polars, which are not installed here; 'pip install tamis' has both"


def swaps(scorer: Scorer, source: str | Path) -> tuple[Difference, ...] | str:
    """Differences in bits per token after a group's name; why there are none where curate is not installed.

    Measures are `neutral EN`, `hostile EN`, … for our sentences, against the mean of all groups of the axis;
    `kept EN` for sentences of a run's folder `source`, against the same sentence as it was. A value above 0:
    after this group's name the model expects the rest less.
    """
    try:
        from curate.bias.lexicon import LANGUAGES, load
        from curate.bias.scoring import filled
    except ImportError:
        return ABSENT
    told: dict[Key, dict[str, float]] = {}
    for language in LANGUAGES:
        lexicon = load(language)
        for kind, templates in (("neutral", lexicon.neutral), ("hostile", lexicon.hostile)):
            rows = filled(lexicon, kind, templates)
            said = spoken(scorer, [row["text"] for row in rows])
            told |= after_names(f"{kind} {language.upper()}", rows, said)
    beside = kept(scorer, source) if (Path(source) / "messages").is_dir() else {}
    return tested({**apart(told), **beside}, LEAST)


def after_names(measure: str, rows: Sequence[dict[str, Any]], said: Sequence[Spoken]) -> dict[Key, Any]:
    """Bits per token after the groups' names, by sentence and axis; sentences that end with them left out."""
    together: dict[tuple[str, int], list[tuple[str, Spoken]]] = {}
    for row, one in zip(rows, said, strict=True):
        axis = row["group"].partition(".")[0]
        together.setdefault((axis, row["sentence"]), []).append((row["group"], one))
    told: dict[Key, Any] = {}
    for (axis, number), alike in together.items():
        first = alike[0][1]
        count = min((tail(first.ids, one.ids) for _, one in alike[1:]), default=0)
        if count:
            values = {group: float(one.each[-count:].sum()) / count for group, one in alike}
            told[measure, axis, str(number)] = values
    return told


def kept(scorer: Scorer, out: str | Path) -> dict[tuple[str, str, str], list[float]]:
    """Gaps in sentences that a run kept, by the group put in: what follows its name, less the same sentence
    as it was. The audit's own choice of sentences and of groups."""
    import polars as pl

    from curate import open_run
    from curate.bias.counting import count
    from curate.bias.examine import parts
    from curate.bias.facts import Settings
    from curate.bias.saying import drawn
    from curate.bias.scoring import exchanged

    settings = Settings()
    found = [count(part, settings).sentences for part in parts(open_run(out))]
    rows = exchanged(drawn(pl.concat(found), settings))
    other = spoken(scorer, [row["text"] for row in rows])
    was = spoken(scorer, [row["before"] for row in rows])
    told: dict[tuple[str, str, str], list[float]] = {}
    for row, now, before in zip(rows, other, was, strict=True):
        gap = gap_after(before, now)  # above 0: expected less after the new name
        if math.isfinite(gap):  # none where the sentence ends with the name
            key = (f"kept {row['language'].upper()}", row["group"].partition(".")[0], row["group"])
            told.setdefault(key, []).append(gap)
    return told
