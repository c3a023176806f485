"""`audit(run)`: the bias facts of a finished run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import polars as pl

from curate import schema
from curate.bias import counting, facts
from curate.bias.association import associations
from curate.bias.cases import functional
from curate.bias.deltas import deltas
from curate.bias.facts import BiasFacts, Covered, GroupName, Settings
from curate.bias.lexicon import LANGUAGES, load
from curate.bias.matching import group_keys
from curate.bias.means import answers, gaps
from curate.bias.people import occupations, pronouns, representation, slices
from curate.bias.scoring import swaps
from curate.bias.sieving import sieving
from curate.errors import InputError, unknown
from curate.runs import Run

DECIDING = ("decider", "global")


def audit(
    run: Run, *, settings: Settings | None = None, declared: Sequence[str] = (), watch: Iterable[str] = ()
) -> BiasFacts:
    """The bias facts of a finished run, and `bias.json` in its folder.

    `declared` names fields of the export (in `extra`) by which authors or conversations declare a group: they
    become slices. `watch` names words whose association is told whatever was found. Nothing is inferred of
    anybody: a group is what a text mentions or a column declares. Raises InputError where there is no
    finished run, for a field whose name cannot be looked up, and for one that no message has.
    """
    wrong = [name for name in declared if not name or set(name) & set("'\\")]
    if wrong:
        raise InputError(f"declared field {wrong[0]!r} cannot be looked up; name a field of the export")
    absent = [name for name in declared if name not in (there := fields(run))]
    if absent:
        raise InputError(no_field(absent[0], there, run.out))
    made = examine(run.manifest, parts(run), settings or Settings(), declared, frozenset(watch))
    run.storage.write(facts.NAME, facts.to_json(made))
    return made


def no_field(name: str, there: Sequence[str], out: str) -> str:
    """The sentence for a declared field that no message has.

    >>> no_field("team", ["channel", "teams"], "out")
    "unknown declared field 'team' in out; did you mean 'teams'?"
    >>> no_field("team", [], "out")
    "declared field 'team' is in no message of out: what it read has no fields beside ours"
    """
    if there:
        return unknown("declared field", name, there, out)
    return f"declared field '{name}' is in no message of {out}: what it read has no fields beside ours"


def fields(run: Run) -> list[str]:
    """Names of the fields beside ours that the export has, in any message."""
    names: set[str] = set()
    for part in run.storage.names("messages"):
        told = pl.scan_parquet(run.storage.path(part)).select(pl.col("extra").drop_nulls().unique()).collect()
        for one in told["extra"]:
            names |= {*msgspec.json.decode(one, type=dict[str, msgspec.Raw])}
    return sorted(names)


def parts(run: Run) -> Iterator[pl.DataFrame]:
    """The run's messages with their verdicts, part by part: only the columns that are looked at."""
    storage = run.storage
    for name in storage.names("messages"):
        if not name.endswith(".parquet"):
            continue
        texts = pl.scan_parquet(storage.path(name))
        wanted = [*counting.NEEDED, *counting.MEASURED]
        held = texts.collect_schema().names()
        beside = pl.scan_parquet(storage.path(name.replace("messages/", "verdicts/", 1)))
        yield pl.concat(
            [
                texts.select(one for one in wanted if one in held and one not in counting.VERDICT_COLUMNS),
                beside.select(
                    one for one in beside.collect_schema().names() if one in counting.VERDICT_COLUMNS
                ),
            ],
            how="horizontal",
        ).collect()


def examine(
    manifest: dict[str, Any],
    frames: Iterable[pl.DataFrame],
    settings: Settings,
    declared: Sequence[str] = (),
    watch: frozenset[str] = frozenset(),
    ask_scorer: bool = True,
) -> BiasFacts:
    """The facts from a run's manifest and its messages, in frames of whole conversations."""
    parts = [counting.count(frame, settings, declared) for frame in frames]
    counts = counting.together(parts or [counting.count(schema.MESSAGES.to_frame(), settings)], settings)
    passes = manifest["recipe"]["passes"]
    deciding = [one["name"] for one in passes if one["kind"] in DECIDING]
    scorer, limit, told = scorer_of(passes)
    totals = counts.units.filter(pl.col("kind") == "all")
    sieve = sieving(counts.fates, counts.units, deciding, settings)
    words = associations(counts.words, counts.documents, counts.spelled, settings, watch)
    means = gaps(counts.measures, settings)
    moved = deltas(counts.fates, counts.units, counts.read, counts.measures, means, settings)
    paired = answers(counts.answers, settings)
    scored = swaps(scorer, counts.sentences, limit, settings) if ask_scorer else []
    cases = functional(scorer, limit, settings) if ask_scorer else []
    few = counts.units.filter(
        (pl.col("kind") == "group") & (pl.col("conversations") < settings.least_conversations)
    )
    return BiasFacts(
        tamis=manifest["tamis"],
        run=str(manifest.get("content", "")),
        started=manifest["started"],
        recipe=manifest["recipe"]["name"],
        messages=int(counts.fates.filter(pl.col("kind") == "all")["n"].sum()),
        conversations=int(totals["conversations"].sum()),
        settings=settings,
        groups=tuple(
            GroupName(key=key, axis=key.partition(".")[0], names=name)
            for key, name in counting.names().items()
        ),
        axes={axis: {one: load(one).axes[axis] for one in LANGUAGES} for axis in load("en").axes},
        covered=covered(counts.fates),
        representation=tuple(representation(counts.fates, counts.mentioning, counts.units, settings)),
        slices=tuple(slices(counts.fates, counts.units, settings)),
        association=tuple(words),
        gaps=tuple(means),
        sieve=tuple(sieve),
        deltas=tuple(moved),
        pronouns=tuple(pronouns(counts.gendered)),
        occupations=tuple(occupations(counts.gendered, settings)),
        references={one: load(one).reference for one in LANGUAGES if load(one).reference},
        answers=tuple(paired),
        scorer=told,
        swaps=tuple(scored),
        cases=tuple(cases),
        too_few=tuple(sorted(few["slice"], key=group_keys().index)),
        tests={
            "sieve": len(sieve),
            "deltas": len(moved),
            "gaps": len(means),
            "answers": len(paired),
            "swaps": len(scored),
        },
    )


def covered(fates: pl.DataFrame) -> tuple[Covered, ...]:
    """Messages by language, the largest first, and whether their mentions are known."""
    rows = fates.filter(pl.col("kind") == "language").group_by("slice").agg(pl.col("n").sum())
    return tuple(
        Covered(language=name or "und", messages=count, terms=(name or "und") in (*LANGUAGES, "und"))
        for name, count in rows.sort(["n", "slice"], descending=[True, False]).iter_rows()
    )


def scorer_of(passes: Sequence[dict[str, Any]]) -> tuple[Any, float, dict[str, Any]]:
    """The scorer that the run used (without one, the one that ships), its limit, and what to tell of them."""
    from curate.passes.too_toxic import TooToxic
    from curate.passes.toxicity import Toxicity

    measured = [one["options"] for one in passes if one["use"] == "toxicity"]
    decided = [one["options"] for one in passes if one["use"] == "too_toxic"]
    scorer = Toxicity(**measured[0]) if measured else Toxicity()
    limit = float((decided[0] if decided else {}).get("limit", TooToxic().limit))
    return scorer.scorer(), limit, {**scorer.describe(), "limit": limit, "in_the_run": bool(measured)}
