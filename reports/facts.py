"""Facts of a finished run: group-bys over its folder, as frozen dataclasses (`shapes.RunFacts`)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from reports import tables
from reports.alarms import describe, where
from reports.clusters import gather_duplicates
from reports.files import (
    INPUT,
    Manifest,
    Part,
    PassEntry,
    find_parts,
    read_manifest,
    read_unreadable,
    sentences,
    short,
)
from reports.limits import read_limits
from reports.sampling import FLAGGED, Pool, clipped, draw_alarm, draw_passes, fetch, most_different
from reports.shapes import (
    Amount,
    Count,
    Example,
    Histogram,
    PassFacts,
    Redacted,
    ReportError,
    RunFacts,
    Slice,
    Slices,
    Source,
    to_json,
)

SHOWN_SLICES = 20
SHOWN_ALARMS = 12
SHOWN_INPUTS = 60
SHOWN_REASONS = 12
EXAMPLES = 6
TOTAL_EXAMPLES = 90
"""Examples on a page in all: with `sampling.LONGEST` it bounds the page, whatever the number of passes."""

__all__ = ["RunFacts", "gather", "to_json"]


def gather(out: str | Path) -> RunFacts:
    """The facts of the run in `out`. Memory: the narrow columns of one part, and the bounded answers.

    Raises ReportError where `out` holds no finished run or its files do not fit together.
    """
    folder = Path(out)
    manifest = read_manifest(folder)
    parts = find_parts(folder)
    passes = manifest.recipe.passes
    order = [one.name for one in passes]
    counts, pool = tables.Tables(), Pool()
    asked = manifest.alarms[:SHOWN_ALARMS]
    for number, part in enumerate(parts):
        frame = _read(part)
        tables.tally(frame, order, counts)
        draw_passes(pool, number, frame, passes)
        for i, alarm in enumerate(asked):
            draw_alarm(pool, f"alarm {i}", number, frame, str(alarm.get("pass") or ""), where(alarm))
    found = fetch(pool, parts)
    told = [at[1] for at in map(where, asked) if at[0] == "source"]
    unreadable, unread = read_unreadable(folder, tuple(told))
    alarms = tuple(
        describe(alarm, found.get(f"alarm {i}", []), unread, unreadable.first)
        for i, alarm in enumerate(asked)
    )
    totals = _totals(counts)
    return RunFacts(
        tamis=manifest.tamis,
        started=manifest.started,
        recipe=short(manifest.recipe.name),
        records=_records(manifest),
        alarms=alarms,
        alarms_left_out=max(0, len(manifest.alarms) - len(asked)),
        passes=_passes((*_told_by_input(order, counts), *passes), counts, found),
        slices=tuple(_slices(kind, counts) for kind in tables.SLICE_KINDS),
        words=_histogram(counts, "words", tables.WORD_EDGES),
        turns=_histogram(counts, "turns", tables.TURN_EDGES),
        toxicity=_toxicity(counts, passes),
        duplicates=gather_duplicates(counts.get("clusters"), parts),
        redacted=_redacted(passes, counts, manifest),
        unreadable=unreadable,
        inputs=tuple(_source(row) for row in manifest.inputs[:SHOWN_INPUTS]),
        inputs_left_out=max(0, len(manifest.inputs) - SHOWN_INPUTS),
        scorers=manifest.scorers,
        limits=read_limits(folder),
        versions={str(name): str(value) for name, value in manifest.versions.items()},
        **totals,
    )


def _read(part: Part) -> pl.DataFrame:
    try:
        return tables.read_part(part)
    except (pl.exceptions.PolarsError, OSError):
        # The library's sentence may quote what is in the file: name the file only.
        raise ReportError(
            f"{part.messages.name} of messages/ or verdicts/ cannot be read or their rows differ; "
            "'curate verify OUT' says what is wrong"
        ) from None


def _totals(counts: tables.Tables) -> dict[str, Any]:
    sums = counts.get("totals")
    row = {name: int(value or 0) for name, value in sums.row(0, named=True).items()} if sums.height else {}

    def both(conversations: str, messages: str) -> Amount:
        return Amount(conversations=row.get(conversations, 0), messages=row.get(messages, 0))

    read = both("conversations", "messages")
    removed = both("conversations_gone", "messages_dropped")
    return {
        "read": read,
        "removed": removed,
        "kept": Amount(
            conversations=read.conversations - removed.conversations,
            messages=read.messages - removed.messages,
        ),
        "masked": both("conversations_masked", "messages_masked"),
        "changed": both("conversations_changed", "messages_changed"),
        "flagged": both("conversations_flagged", "messages_flagged"),
        "trimmed": row.get("conversations_trimmed", 0),
        "without_assistant": row.get("conversations_unanswered", 0),
    }


def _records(manifest: Manifest) -> int:
    return int(manifest.counts.get("records") or sum(int(row.get("records") or 0) for row in manifest.inputs))


def _passes(
    passes: tuple[PassEntry, ...], counts: tables.Tables, found: dict[str, list[Example]]
) -> tuple[PassFacts, ...]:
    """The passes in recipe order, with an equal share of the examples each."""
    talkers = sum(1 for one in passes if _drawn(found, one.name))
    share = min(EXAMPLES, TOTAL_EXAMPLES // talkers) if talkers else 0
    changed, flagged, took, masked = (
        _amounts(counts.get("changed"), "name"),
        _amounts(counts.get("flagged"), "name"),
        _amounts(_only(counts.get("decided"), "drop"), "decided_by"),
        _amounts(_only(counts.get("decided"), "mask"), "decided_by"),
    )
    taken = _by_name(counts.get("taken"), "taker", "conversations")
    reasons = counts.get("reasons")
    return tuple(
        PassFacts(
            name=one.name,
            use=one.use or one.name,
            kind=one.kind,
            options=_public(one),
            changed=changed.get(one.name, Amount()),
            flagged=flagged.get(one.name, Amount()),
            masked=masked.get(one.name, Amount()),
            took=Amount(conversations=taken.get(one.name, 0), messages=took.get(one.name, Amount()).messages),
            reasons=_reasons(reasons, one.name),
            examples=tuple(clipped(e) for e in most_different(_drawn(found, one.name), share)),
        )
        for one in passes
    )


def _public(one: PassEntry) -> dict[str, Any]:
    """A pass's options; of a redaction what it looks for, never the names, values and key given to it."""
    if one.kind == "redaction":
        return {name: value for name, value in one.options.items() if name in ("kinds", "regions")}
    return {name: value for name, value in one.options.items() if name != "name"}


def _told_by_input(order: list[str], counts: tables.Tables) -> list[PassEntry]:
    """What decided and is no pass of the recipe: decisions that came with the input."""
    decided = counts.get("decided")
    names = decided["decided_by"].drop_nulls().unique().sort().to_list() if decided.height else []
    return [PassEntry(name=name, kind=INPUT) for name in names if name not in order]


def _drawn(found: dict[str, list[Example]], name: str) -> list[Example]:
    return found.get(name) or found.get(f"{name}{FLAGGED}") or []


def _only(frame: pl.DataFrame, verdict: str) -> pl.DataFrame:
    return frame.filter(pl.col("verdict") == verdict).drop("verdict") if frame.height else frame


def _amounts(frame: pl.DataFrame, key: str) -> dict[str, Amount]:
    return {
        row[key]: Amount(conversations=row["conversations"], messages=row["messages"])
        for row in frame.iter_rows(named=True)
    }


def _by_name(frame: pl.DataFrame, key: str, value: str) -> dict[str, int]:
    return {row[key]: row[value] for row in frame.iter_rows(named=True)}


def _reasons(frame: pl.DataFrame, name: str) -> tuple[Count, ...]:
    if not frame.height:
        return ()
    own = frame.filter((pl.col("decided_by") == name) & (pl.col("reason") != ""))
    ordered = own.sort(["messages", "reason"], descending=[True, False]).head(SHOWN_REASONS)
    return tuple(Count(name=row["reason"], count=row["messages"]) for row in ordered.iter_rows(named=True))


def _slices(kind: str, counts: tables.Tables) -> Slices:
    """The largest slices of one kind; the rest as one sum."""
    frame = counts.get(kind)
    if not frame.height:
        return Slices(kind=kind, slices=(), left_out=0, others=None)
    ordered = frame.sort(["messages", "name"], descending=[True, False])
    by = counts.get(f"{kind} by")
    largest = ordered.head(SHOWN_SLICES)
    rest = ordered.slice(SHOWN_SLICES)
    shown = tuple(_slice(row, by) for row in largest.iter_rows(named=True))
    others = None
    if rest.height:
        sums = rest.select(pl.lit("").alias("name"), pl.exclude("name").sum()).row(0, named=True)
        others = replace(_slice(sums, pl.DataFrame()), conversations=0)
    return Slices(kind=kind, slices=shown, left_out=rest.height, others=others)


def _slice(row: dict[str, Any], by: pl.DataFrame) -> Slice:
    own = by.filter(pl.col("name") == row["name"]) if by.height else by
    ordered = own.sort(["messages", "decided_by"], descending=[True, False]) if own.height else own
    took = tuple(
        Count(name=one["decided_by"] or "", count=one["messages"]) for one in ordered.iter_rows(named=True)
    )
    return Slice(**{**row, "name": short(row["name"]), "dropped_by": took})


def _histogram(counts: tables.Tables, name: str, edges: tuple[int, ...]) -> Histogram:
    rows = {row["bin"]: row for row in counts.get(name).iter_rows(named=True)}
    read = tuple(int(rows.get(i, {}).get("messages", 0)) for i in range(len(edges)))
    kept = tuple(int(rows.get(i, {}).get("kept", 0)) for i in range(len(edges)))
    return Histogram(edges=(*edges, None), read=read, kept=kept, measured=sum(read))


def _toxicity(counts: tables.Tables, passes: tuple[PassEntry, ...]) -> Histogram | None:
    bins = tables.SCORE_BINS
    found = _histogram(counts, "toxicity", tuple(range(bins)))
    if not found.measured:
        return None
    limits = {
        float(one.options["limit"])
        for one in passes
        if "too_toxic" in (one.use, one.name) and isinstance(one.options.get("limit"), (int, float))
    }
    edges = tuple(i / bins for i in range(bins + 1))
    return replace(found, edges=edges, limits=tuple(sorted(limits)))


def _redacted(passes: tuple[PassEntry, ...], counts: tables.Tables, manifest: Manifest) -> Redacted:
    names = {one.name for one in passes if one.kind == "redaction"}
    changed = _amounts(counts.get("changed"), "name")
    touched = [amount for name, amount in changed.items() if name in names]
    rows = counts.get("pii")
    kinds: tuple[Count, ...] = ()
    if rows.height:
        ordered = rows.filter(pl.col("values") > 0).sort(["values", "name"], descending=[True, False])
        kinds = tuple(Count(name=short(name), count=count) for name, count in ordered.iter_rows())
    return Redacted(
        values=sum(kind.count for kind in kinds),
        touched=max(touched, key=lambda amount: amount.messages, default=Amount()),
        kinds=kinds[:SHOWN_SLICES],
        not_covered=sentences(manifest.not_covered),
    )


def _source(row: dict[str, Any]) -> Source:
    return Source(
        source=short(str(row.get("source") or "")),
        format=short(", ".join(str(row[key]) for key in ("format", "container", "encoding") if row.get(key))),
        records=None if row.get("records") is None else int(row["records"]),
        conversations=int(row.get("conversations") or 0),
    )
