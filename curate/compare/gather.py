"""The comparison of two finished runs, from the files they left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from curate import __version__
from curate.compare import moves, shifts
from curate.compare.facts import Comparison, Did, PassMove, Setting, Side, SliceMove
from curate.compare.rows import Rows
from curate.errors import InputError
from curate.runs import open_run

SLICES = ("source", "language", "role")
LARGEST = 40
"""Slices of a kind, by messages; and files that only one run read."""


def compare(out_a: str, out_b: str) -> Comparison:
    """What moved from the run in `out_a` to the run in `out_b`.

    Conversations are compared one by one where both runs read the same input: the same files of the same
    size, and the same records with as many messages. Elsewhere only shares are compared. Raises InputError
    where a folder holds no finished run, and where both are the same one.
    """
    a, b = open_run(out_a), open_run(out_b)
    if a.storage.path("") == b.storage.path(""):
        raise InputError(
            f"'{out_a}' is named twice; compare wants two runs, as in 'curate compare OUT_A OUT_B'"
        )
    told_a, told_b = a.manifest, b.manifest
    rows_a, rows_b = Rows.of(a), Rows.of(b)
    files_a, files_b = files(told_a), files(told_b)
    both = moves.aligned(rows_a, rows_b) if files_a == files_b else None
    audit_a, audit_b = shifts.read(a), shifts.read(b)
    return Comparison(
        tamis=__version__,
        a=side(out_a, told_a, rows_a),
        b=side(out_b, told_b, rows_b),
        same_input=both is not None,
        only_in_a=tuple(sorted(name for name, _ in files_a - files_b)[:LARGEST]),
        only_in_b=tuple(sorted(name for name, _ in files_b - files_a)[:LARGEST]),
        settings=settings(told_a, told_b),
        passes=passes(told_a, rows_a, told_b, rows_b),
        slices=tuple(one for kind in SLICES for one in slices(kind, rows_a.sums, rows_b.sums)),
        fates=None if both is None else moves.fates(both, a, b),
        bias=shifts.shifts(audit_a, audit_b) if audit_a and audit_b else None,
        groups={one["key"]: one["names"] for one in (audit_b or {}).get("groups", [])},
    )


def files(manifest: Mapping[str, Any]) -> set[tuple[str, int]]:
    """The files that a run read, with their sizes."""
    return {(one["source"], int(one.get("bytes") or 0)) for one in manifest["inputs"]}


def side(out: str, manifest: Mapping[str, Any], rows: Rows) -> Side:
    """One run in numbers."""
    whole = rows.conversations
    counts = manifest["counts"]
    return Side(
        folder=out,
        recipe=manifest["recipe"]["name"],
        started=manifest["started"],
        content=manifest["content"],
        unreadable=counts["quarantined"] + counts["files_unreadable"],
        conversations=whole.height,
        messages=int(whole["messages"].sum()),
        kept=int((whole["stay"] > 0).sum()),
        kept_messages=int(whole["stay"].sum()),
        masked=int(whole["shown"].sum()),
        learned=int(whole["learned"].sum()),
    )


def settings(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[Setting, ...]:
    """Options that differ, in the order of the second recipe; a pass that one recipe lacks is one line."""
    left, right = ({one["name"]: one["options"] for one in told["recipe"]["passes"]} for told in (a, b))
    found = []
    for name in [*right, *(name for name in left if name not in right)]:
        if name not in left or name not in right:
            found.append(Setting(by=name, option="", a=name in left, b=name in right))
            continue
        for option in sorted({*left[name], *right[name]}):
            values = left[name].get(option), right[name].get(option)
            if values[0] != values[1]:
                found.append(Setting(by=name, option=option, a=values[0], b=values[1]))
    return tuple(found)


def passes(a: Mapping[str, Any], left: Rows, b: Mapping[str, Any], right: Rows) -> tuple[PassMove, ...]:
    """What each pass did in both, in the order of the second recipe, where it did anything at all."""
    did_a, did_b = did(left), did(right)
    names_a, names_b = (
        [one["name"] for one in told["recipe"]["passes"] if one["kind"] in ("decider", "global")]
        for told in (a, b)
    )
    input_only = sorted({*did_a, *did_b} - {*names_a, *names_b})
    found = []
    for name in [*input_only, *names_b, *(name for name in names_a if name not in names_b)]:
        known = name in input_only
        one = did_a.get(name, Did()) if known or name in names_a else None
        two = did_b.get(name, Did()) if known or name in names_b else None
        if (one or Did()) != Did() or (two or Did()) != Did():
            found.append(PassMove(by=name, a=one, b=two))
    return tuple(found)


def did(rows: Rows) -> dict[str, Did]:
    """What each pass did in a run."""
    took = dict(rows.conversations.drop_nulls("taker").group_by("taker").len().iter_rows())
    by = rows.sums.drop_nulls("decided_by").group_by("decided_by", "verdict").agg(pl.col("messages").sum())
    decided = {(name, verdict): int(count) for name, verdict, count in by.iter_rows()}
    names = {*took, *rows.flags, *(name for name, _ in decided)}
    return {
        name: Did(
            took=took.get(name, 0),
            removed=decided.get((name, "drop"), 0),
            masked=decided.get((name, "mask"), 0),
            flagged=rows.flags.get(name, 0),
        )
        for name in names
    }


def slices(kind: str, a: pl.DataFrame, b: pl.DataFrame) -> list[SliceMove]:
    """The largest slices of a kind in both runs, by messages read."""
    kept = pl.col("verdict") != "drop"
    learned = (pl.col("verdict") == "keep") & (pl.col("role") == "assistant")

    def summed(sums: pl.DataFrame, side: str) -> pl.DataFrame:
        count = pl.col("messages")
        name = pl.col(kind).fill_null("").alias("name")
        return sums.group_by(name).agg(
            count.sum().alias(f"{side}_read"),
            count.filter(kept).sum().alias(f"{side}_kept"),
            count.filter(learned).sum().alias(f"{side}_learned"),
        )

    both = summed(a, "a").join(summed(b, "b"), on="name", how="full", coalesce=True)
    read = pl.col("a_read") + pl.col("b_read")
    largest = both.with_columns(pl.exclude("name").fill_null(0)).sort(
        [read, "name"], descending=[True, False]
    )
    return [SliceMove(kind=kind, **row) for row in largest.head(LARGEST).iter_rows(named=True)]
