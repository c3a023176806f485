"""A curated set with swapped copies beside the originals: written shard by shard, the run stays as it is."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from curate import __version__, manifest
from curate.augment.card import card
from curate.augment.swap import LANGUAGES, mentions, swap
from curate.errors import TamisError, unknown
from curate.runs import Run, open_run
from curate.sieve import parquet
from curate.storage import Storage

AXES = ("gender",)
"""What can be swapped in this version."""
COLUMN = "augmented_from"
HELD = "pairs/conversations"
"""The table of all conversations that a split draws from."""
CARRIED = ("tree", "repeat", "tools", "language", "conversation_language")
"""What a copy has of its original; other measures were taken on another text and are null."""


@dataclass
class Augmented:
    """What was made: `copies` of `conversations`; `spared` could be swapped, `share` did not draw them."""

    conversations: int = 0
    copies: int = 0
    spared: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    """Conversations without a copy, by reason."""

    def told(self) -> dict[str, Any]:
        """As plain data, reasons by name."""
        return {**asdict(self), "left_out": dict(sorted(self.left_out.items()))}


def augment(
    out: str, to: str, axis: str = "gender", share: float = 1.0, seed: int = 0, *, only: bool = False
) -> Augmented:
    """Write the curated set of a run to a new folder with a swapped copy of each conversation that can be.

    A copy has `augmented_from`, its original's id; `share` of those that can be swapped get one, drawn by a
    hash of seed and id. `only`: copies alone. Raises TamisError for options that are not allowed and for a
    folder that is not empty, InputError where there is no finished run.
    """
    if axis not in AXES:
        raise TamisError(unknown("axis", axis, AXES, "--axis"))
    if not 0 < share <= 1:
        raise TamisError(f"--share {share} is no share; give a number above 0, up to 1")
    run, new = open_run(out, ("curated", "pairs")), empty(to)
    done, outputs, first = Augmented(), {}, follow(run, new)
    for name in run.storage.names("curated"):
        if name.endswith(".parquet"):
            table = pl.read_parquet(run.storage.path(name))
            copies = copied(table, axis, share, seed, done)
            new.write(name, parquet(copies if only else pl.concat([original(table), copies])))
            outputs[name] = manifest.sha256(new, name)
            part = f"{HELD}/part-copies-{name.rpartition('-')[2]}"
            new.write(part, parquet(listed(run, copies, first)))
            first += copies.height
    options = {"axis": axis, "share": share, "seed": seed, "only": only}
    written(run, new, done, options, outputs)
    return done


def empty(to: str) -> Storage:
    """The new folder. Raises TamisError where something lies in it."""
    new = Storage(to)
    if new.exists(manifest.NAME) or (new.local and Path(to).exists() and any(Path(to).iterdir())):
        raise TamisError(f"--to '{to}' is not empty; give a new folder, or remove that one first")
    return new


def original(table: pl.DataFrame) -> pl.DataFrame:
    """The table with the column of copies, null."""
    return table.with_columns(pl.lit(None, pl.String).alias(COLUMN))


def copied(table: pl.DataFrame, axis: str, share: float, seed: int, done: Augmented) -> pl.DataFrame:
    """The swapped copies of a table's conversations, in its order, with its columns; `done` counts them."""
    made: list[dict[str, Any]] = []
    for row in table.iter_rows(named=True):
        done.conversations += 1
        texts, reason = swapped(row)
        if reason:
            done.left_out[reason] += 1
        elif not drawn(row["conversation_id"], share, seed):
            done.spared += 1
        else:
            done.copies += 1
            said = [{**one, "content": text} for one, text in zip(row["messages"], texts, strict=True)]
            name = row["conversation_id"]
            kept = {key: row[key] for key in CARRIED if key in row}
            made.append({**kept, "conversation_id": f"{name}~{axis}", "messages": said, COLUMN: name})
    schema: dict[str, Any] = {**table.schema, COLUMN: pl.String}
    return pl.DataFrame([{key: row.get(key) for key in schema} for row in made], schema=schema)


def swapped(row: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """The new texts of a conversation, or the reason why there are none."""
    language = row.get("conversation_language") or row.get("language")
    if language not in LANGUAGES:
        return (), "language"
    said = row["messages"]
    calls = json.dumps([[one["tool_calls"], one["name"]] for one in said if one["tool_calls"]])
    tools = [calls, row.get("tools") or "", *(one["content"] for one in said if one["role"] == "tool")]
    if any(mentions(text, language) for text in tools):
        return (), "tool"
    made = swap([one["content"] or "" for one in said], language)
    return made.texts, made.reason


def drawn(name: str, share: float, seed: int) -> bool:
    """Whether a conversation is among the share, whatever else is in the set."""
    digest = hashlib.blake2b(f"{seed} {name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def follow(run: Run, new: Storage) -> int:
    """Put the run's table of conversations and its near pairs beside the set, so that a split keeps each copy
    with its original; gives the first id that no conversation has."""
    first = 0
    for name in run.storage.names("pairs"):
        new.write(name, run.storage.read(name))
    for name in run.storage.names(HELD):
        table = pl.read_parquet(run.storage.path(name))
        first = max([first, *(one + 1 for one in table["id"].top_k(1))])
        new.write(name, parquet(original(table)))
    return first


def listed(run: Run, copies: pl.DataFrame, first: int) -> pl.DataFrame:
    """The copies as rows of the table of conversations: ids from `first` on, no hash of what is said."""
    schema = pl.read_parquet_schema(run.storage.path(run.storage.names(HELD)[0])) | {COLUMN: pl.String}
    rows = copies.select("conversation_id", COLUMN).with_row_index("id", first)
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit("" if kind == pl.String else 0))
        .cast(kind)
        .alias(name)
        for name, kind in schema.items()
    )


def written(
    run: Run, new: Storage, done: Augmented, options: Mapping[str, Any], outputs: Mapping[str, Any]
) -> None:
    """The card and, last, the manifest: options, counts, versions, and the run they came from."""
    source = manifest.sha256(run.storage, manifest.NAME)["sha256"]
    told = {
        "format": manifest.VERSION,
        "kind": "augmented",
        "tamis": __version__,
        "run": source,
        "options": dict(options),
        "counts": done.told(),
        "outputs": dict(outputs),
    }
    new.write("README.md", card(told).encode())
    new.write(manifest.NAME, manifest.encode(told))
