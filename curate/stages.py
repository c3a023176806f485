"""The stages of a run, in order, and how it is concluded: counts, card, manifest. `rejudge` shares them."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from curate import manifest, schema
from curate.card import card
from curate.engines import Executor
from curate.limits import whole as limits
from curate.mark import Marked, MarkTask, mark
from curate.names import Names, name_hash, renamed
from curate.passes.base import Decider, GlobalPass, Pass, Redaction
from curate.pulse import watched
from curate.readers.types import Look, Plan
from curate.recipe import Recipe
from curate.settle import clashing_ids, pair, settle
from curate.sieve import PULSE, WORK, Job, Shard, Sieved, sieve
from curate.storage import Storage

Progress = Callable[[str, int, int], None]
"""Told of a stage, how much of it is done and how much there is (bytes while sieving, else shards)."""

PART = re.compile(r"/part-\d+\.(parquet|jsonl)$")
"""What a shard's files are called: nothing else is ever removed from OUT."""

AS_READ = ("as_read", "shared_branch")
"""Decisions that came with the input."""


@dataclass
class Stages:
    """The stages of one run over one cut of the input."""

    job: Job
    shards: list[Shard]
    executor: Executor
    progress: Progress

    def carry_through(self, plan: Plan, key: str) -> None:
        """All stages; the manifest is written last. `key` is the job's, for completion records."""
        started = time.time()
        sieved = self.sieve(key)
        pair(self.job, self.executor, self.progress)
        sources: dict[str, str] = {}
        for one in sieved:
            sources = {**one.names, **sources}
        marked = self.settle_and_mark(f"{WORK}/decided", sources)
        storage = self.job.storage
        self.move_limits(f"{WORK}/decided", self.job.recipe.passes)
        remove_strays(storage, self.shards)
        write_quarantine(storage, self.shards, plan, sources)
        counts = {"files_unreadable": plan.quarantined.height} | {
            name: sum(getattr(one, name) for one in sieved)
            for name in ("records", "conversations", "messages", "quarantined")
        }
        inputs = inputs_told(plan, storage, self.shards, sources)
        touched = touched_by(storage, self.shards, self.job.recipe)
        told = {
            "started": told_time(started),
            "seconds": round(time.time() - started, 3),
            "input_key": input_key(sieved),
            "inputs": inputs,
            "skipped": list(plan.skipped),
            "unmatched": list(plan.unmatched),
            "touched": touched,
        }
        conclude(self.job, counts, marked, told)
        storage.remove(WORK)

    def sieve(self, key: str) -> list[Sieved]:
        """Every shard through the passes of single conversations."""
        weights = [sum(piece.weight for piece in shard.pieces) for shard in self.shards]
        found: list[Sieved] = []
        self.progress("sieving", 0, sum(weights))
        tasks = [(self.job, shard, key) for shard in self.shards]

        def tell(done: int) -> None:
            self.progress("sieving", done, sum(weights))

        with watched(self.job.storage, PULSE, weights, tell) as finished:
            for one in self.executor.map(sieve, tasks):
                finished(len(found))
                found.append(one)
        return found

    def settle_and_mark(self, decided: str, sources: Names, into: str = "") -> list[Marked]:
        """Passes over all conversations, among what `decided` left; then each shard's verdicts."""
        storage = self.job.storage
        clashes = clashing_ids(storage, self.shards)
        settled = settle(self.job, self.shards, lambda shard: alive(storage, shard, decided), clashes)
        tasks = [
            MarkTask(
                job=self.job,
                shard=shard,
                decided=decided,
                into=into,
                fates=of_shard(settled.fates, shard),
                repeats=of_shard(settled.repeats, shard),
                clashes=of_shard(clashes, shard),
                sources=sources,
            )
            for shard in self.shards
        ]
        found = []
        for one in self.executor.map(mark, tasks):
            found.append(one)
            self.progress("writing", len(found), len(tasks))
        return found

    def move_limits(self, decided: str, measured: Sequence[Pass], into: str = "") -> None:
        """Write limits.json: what would be kept at other limits. `measured` are those of the first run."""

        def tell(done: int) -> None:
            self.progress("limits", done, len(self.shards))

        told = limits.counted(self.job, self.shards, self.executor, decided, measured, tell)
        self.job.storage.write(f"{into}{limits.NAME}", told)


def alive(storage: Storage, shard: Shard, decided: str) -> pl.Series:
    """Which of a shard's conversations have a message that no decider dropped, by number."""
    rows = pl.scan_parquet(storage.path(shard.part(decided)))
    rows = rows.select(schema.CONVERSATION, pl.col("verdict") != "drop")
    kept = rows.collect().group_by(schema.CONVERSATION, maintain_order=True).agg(pl.col("verdict").any())
    return kept["verdict"].alias("alive")


def of_shard(rows: pl.DataFrame, shard: Shard) -> pl.DataFrame:
    """The rows whose `id` lies in a shard."""
    first = shard.number * 2**32
    return rows.filter(pl.col("id").is_between(first, first + 2**32 - 1))


def remove_strays(storage: Storage, shards: Sequence[Shard]) -> None:
    """Remove parts that an earlier, interrupted run of another cut left behind, and what was half-written."""
    storage.remove_unfinished()
    for folder in ("messages", "verdicts", "curated", "pairs/conversations", "topics"):
        ours = {shard.part(folder) for shard in shards}
        ours |= {name.replace(".parquet", ".jsonl") for name in ours}
        for name in storage.names(folder):
            if name not in ours and PART.search(name):
                storage.remove(name)


def write_quarantine(storage: Storage, shards: Sequence[Shard], plan: Plan, sources: Names) -> None:
    """quarantine.jsonl: by file and record, whole files before their records."""
    parts = [plan.quarantined.with_columns(renamed(plan.quarantined["source"], sources))]
    parts += [pl.read_parquet(storage.path(shard.part(f"{WORK}/unread"))) for shard in shards]
    rows = pl.concat(parts).sort("source", "record", nulls_last=False, maintain_order=True)
    lines = []
    for row in rows.iter_rows(named=True):
        kept = {key: value for key, value in row.items() if value is not None and key != "bytes"}
        if row["bytes"] is not None:
            kept["bytes"] = row["bytes"].decode("utf-8", "backslashreplace")
        lines.append(json.dumps(kept, ensure_ascii=False) + "\n")
    storage.write("quarantine.jsonl", "".join(lines).encode("utf-8", "backslashreplace"))


def tallied(marked: Iterable[Marked]) -> pl.DataFrame:
    """The shards' tallies as one."""
    keys = ("source", "language", "role", "verdict", "decided_by")
    tables = [one.tally for one in marked]
    if not tables:
        counts = ("messages", "conversations")
        return pl.DataFrame(schema=dict.fromkeys(keys, pl.String()) | dict.fromkeys(counts, pl.UInt32()))
    return pl.concat(tables).group_by(keys).agg(pl.col("messages", "conversations").sum()).sort(keys)


def touched_by(
    storage: Storage, shards: Sequence[Shard], recipe: Recipe, into: str = ""
) -> list[dict[str, Any]]:
    """How many messages each rewrite changed, and each pass that only flags flagged, in recipe order."""
    if not shards:
        return []
    changed = named_in("changed_by", [storage.path(shard.part("messages")) for shard in shards])
    flagged = named_in("flags", [storage.path(shard.part(f"{into}verdicts")) for shard in shards])
    told: list[dict[str, Any]] = []
    for one in recipe.passes:
        flags = isinstance(one, Decider | GlobalPass) and one.then == "flag"
        for verb, counts in (("changed", changed), ("flagged", flagged if flags else {})):
            if one.name in counts:
                told.append({"verb": verb, "pass": one.name, "messages": counts[one.name]})
    return told


def named_in(column: str, parts: list[str]) -> dict[str, int]:
    """How many rows name each pass in a column of names."""
    words = pl.scan_parquet(parts).select(pl.col(column).drop_nulls().str.split(" ")).explode(column)
    return dict(words.group_by(column).len().collect().iter_rows())


def input_key(sieved: Iterable[Sieved]) -> str:
    """A hash of what was read: the shards' own keys in order."""
    return hashlib.blake2b(" ".join(one.key for one in sieved).encode(), digest_size=16).hexdigest()


def conclude(
    job: Job, counts: dict[str, int], marked: list[Marked], told: dict[str, Any], into: str = ""
) -> None:
    """Card and manifest of a run from its counts and what marking told; law 1 is asserted here."""
    table = tallied(marked)
    counts["kept"] = sum(one.kept for one in marked)
    counts["kept_in_an_epoch"] = sum(one.counted for one in marked)
    counts["kept_without_answer"] = sum(one.without_answer for one in marked)
    for name, verdict in (("answers_learned", "keep"), ("answers_shown", "mask")):
        answers = table.filter((pl.col("role") == "assistant") & (pl.col("verdict") == verdict))
        counts[name] = int(answers["messages"].sum())
    if int(table["messages"].sum()) != counts["messages"]:
        raise AssertionError(f"{counts['messages']} messages read, {table['messages'].sum()} with a verdict")
    storage = job.storage
    full = {
        "format": manifest.VERSION,
        "tamis": manifest.versions()["tamis"],
        **told,
        "finished": told_time(time.time()),
        "content": content_hash(marked),
        "recipe": job.recipe.described(),
        "rules": job.recipe.key(),
        "versions": manifest.versions(),
        "scorers": manifest.scorers(job.recipe),
        "not_covered": not_covered(job.recipe),
        "counts": counts,
        "funnel": manifest.funnel(table, job.recipe, counts),
        "alarms": manifest.alarms(table, counts["records"], counts["quarantined"], AS_READ),
        "jsonl": job.jsonl,
    }
    storage.write(f"{into}README.md", card(full).encode())
    folders = ("messages", "pairs", "pairs/conversations")
    names = [(name, name) for folder in folders for name in storage.names(folder)]
    names += [(name, name) for name in ("quarantine.jsonl",)]
    written = [*storage.names(f"{into}verdicts"), *storage.names(f"{into}curated")]
    written += [f"{into}{name}" for name in ("README.md", limits.NAME)]
    names += [(name.removeprefix(into), name) for name in written]
    full["outputs"] = {shown: manifest.sha256(storage, name) for shown, name in names}
    storage.write(f"{into}{manifest.NAME}", manifest.encode(full))


def told_time(seconds: float) -> str:
    """A time in UTC, to the second, in ISO form."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def content_hash(marked: Iterable[Marked]) -> str:
    """SHA-256 over the rows' hashes in order: the same on any cut of the input."""
    digest = hashlib.sha256()
    for one in marked:
        digest.update(one.hashes)
    return digest.hexdigest()


def not_covered(recipe: Recipe) -> list[dict[str, str]]:
    """What redaction does not look for, in plain sentences, from the redaction passes themselves."""
    return [line for one in recipe.passes if isinstance(one, Redaction) for line in one.not_covered()]


def inputs_told(
    plan: Plan, storage: Storage, shards: Sequence[Shard], sources: Names
) -> list[dict[str, Any]]:
    """Each file: what it was taken for and how much came of it."""
    names = [storage.path(shard.part("pairs/conversations")) for shard in shards]
    per: dict[str, int] = {}
    if names:
        rows = pl.scan_parquet(names).group_by("source").len().collect()
        per = dict(rows.iter_rows())
    return [told_of(look, sources.get(name_hash(look.source), look.source), per) for look in plan.detected]


def told_of(look: Look, source: str, per: dict[str, int]) -> dict[str, Any]:
    """One input for the manifest."""
    return {
        "source": source,
        "container": look.container,
        "format": look.schema,
        "encoding": look.encoding,
        "bytes": look.size,
        "conversations": per.get(source, 0),
    }
