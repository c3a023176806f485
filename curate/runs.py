"""A run: plan, sieve the shards, settle over all, mark, write what was done; and a finished run, opened."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from curate import manifest, readers, schema
from curate.card import card
from curate.engines import Executor, executor
from curate.errors import InputError, LimitBrokenError, TamisError
from curate.mark import Marked, MarkTask, mark
from curate.readers.types import InputOptions, Look, Plan
from curate.recipe import DEFAULT, Recipe, load
from curate.settle import clashing_ids, pair, settle
from curate.sieve import WORK, Job, Shard, Sieved, sieve
from curate.storage import Storage

Progress = Callable[[str, int, int], None]
"""Told of a stage, how much of it is done and how much there is (bytes while sieving, else shards)."""

SHARD_BYTES = 32 * 2**20
AS_READ = ("as_read", "shared_branch")
"""Decisions that came with the input."""


@dataclass(frozen=True)
class Run:
    """A finished run: what `curate run` left in a folder."""

    out: str

    @property
    def storage(self) -> Storage:
        """Where it lies."""
        return Storage(self.out)

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest, as plain data. Raises InputError where there is no finished run."""
        found = manifest.read(self.storage)
        if found is None:
            raise InputError(
                f"'{self.out}' holds no finished run; 'curate run INPUT --out {self.out}' makes one"
            )
        return found

    @property
    def funnel(self) -> list[dict[str, Any]]:
        """Read, masked and dropped by each pass in recipe order, kept: messages and conversations."""
        steps: list[dict[str, Any]] = self.manifest["funnel"]
        return steps

    @property
    def messages(self) -> pl.LazyFrame:
        """Every message that was read, with its measures and the verdicts as they stand now."""
        texts = pl.scan_parquet(self.storage.path("messages/part-*.parquet")).drop(schema.DECISIONS)
        verdicts = pl.scan_parquet(self.storage.path("verdicts/part-*.parquet")).drop(
            "conversation_id", "turn"
        )
        return pl.concat([texts, verdicts], how="horizontal")

    def why(self, conversation_id: str) -> Any:
        """What was changed in a conversation and what was decided, with the evidence; see `curate.why`."""
        from curate.why import why

        return why(self, conversation_id)


def open_run(out: str | Path) -> Run:
    """A finished run. Raises InputError where there is none."""
    run_ = Run(str(out))
    _ = run_.manifest
    return run_


def run(
    inputs: str | Path | Sequence[str | Path | InputOptions],
    out: str | Path,
    recipe: str | Path | Recipe = DEFAULT,
    *,
    sets: Sequence[str] = (),
    format: str = "auto",
    workers: int = 0,
    limit: int | None = None,
    jsonl: bool = False,
    fresh: bool = False,
    keep_unread: bool = False,
    engine: str = "local",
    shard_bytes: int = SHARD_BYTES,
    progress: Progress | None = None,
) -> Run:
    """Curate `inputs` into the folder `out` by a recipe, and give the finished run.

    Raises RecipeError and InputError before anything is read where what was given cannot be used, and
    InputError where nothing could be read. A run that was killed goes on where it stood; a finished one under
    the same inputs and recipe is given back as it is; under another recipe it is refused (`fresh=True`
    starts anew).
    """
    made = load(recipe, sets)
    job = Job(out=str(out), recipe=made, keep_unread=keep_unread, jsonl=jsonl)
    plan = readers.plan(asked(inputs, format, made), shard_bytes, limit)
    if not plan.pieces and not plan.quarantined.height:
        raise InputError(
            "nothing to read: no file in what was given; see 'curate run --help' for what INPUT may be"
        )
    shards = cut_into_shards(plan, shard_bytes)
    key = job.key()
    if finished(job, run_key(key, shards, jsonl), fresh):
        return Run(job.out)
    with_ = Stages(job, shards, key, executor(engine, workers), progress or (lambda stage, done, of: None))
    return with_.carry_through(plan)


def asked(
    inputs: str | Path | Sequence[str | Path | InputOptions], format_: str, made: Recipe
) -> list[InputOptions]:
    """The inputs to read: those given, or the recipe's own."""
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    ready = [one for one in given if isinstance(one, InputOptions)]
    names = tuple(str(one) for one in given if not isinstance(one, InputOptions))
    if names:
        ready.append(InputOptions(files=names, format=format_))
    if not ready and not made.inputs:
        raise InputError(
            "no INPUT given and none in the recipe; name files or folders, as in 'curate run logs/'"
        )
    return ready or list(made.inputs)


def cut_into_shards(plan: Plan, shard_bytes: int) -> list[Shard]:
    """Consecutive pieces together until they weigh enough."""
    groups: list[list[Any]] = []
    weight = shard_bytes
    for piece in plan.pieces:
        if weight + piece.weight > shard_bytes:
            groups.append([])
            weight = 0
        groups[-1].append(piece)
        weight += piece.weight
    return [Shard(number, tuple(group)) for number, group in enumerate(groups)]


def run_key(key: str, shards: Iterable[Shard], jsonl: bool) -> str:
    """What a finished run must have been made from to stand for this one."""
    digest = hashlib.blake2b(f"{key} {jsonl}".encode(), digest_size=16)
    for shard in shards:
        for piece in shard.pieces:
            digest.update(f"{readers.digest(piece)} {piece.limit} ".encode())
    return digest.hexdigest()


def finished(job: Job, key: str, fresh: bool) -> bool:
    """True where `out` already holds this very run. Raises TamisError where it holds another."""
    storage = job.storage
    found = manifest.read(storage)
    if fresh:
        for name in (manifest.NAME, WORK, "messages", "verdicts", "curated", "pairs"):
            storage.remove(name)
        return False
    if found is None:
        return False
    if found["key"] == key:
        return True
    raise TamisError(
        f"'{job.out}' holds a finished run of other inputs or another recipe (finished {found['finished']}); "
        "write to another --out, or add --fresh to replace it"
    )


@dataclass
class Stages:
    """The stages of one run, in order."""

    job: Job
    shards: list[Shard]
    key: str
    executor: Executor
    progress: Progress

    def carry_through(self, plan: Plan) -> Run:
        """All stages; the manifest is written last."""
        started = time.time()
        sieved = self.sieve()
        self.progress("pairing", 0, 1)
        pair(self.job, self.shards, self.executor)
        fates = settle(self.job, self.shards, self.alive)
        self.progress("pairing", 1, 1)
        sources: dict[str, str] = {}
        for one in sieved:
            sources = {**one.names, **sources}
        marked = self.mark(fates, sources)
        self.finish(plan, sieved, marked, sources, started)
        return Run(self.job.out)

    def sieve(self) -> list[Sieved]:
        """Every shard through the passes of single conversations."""
        weights = [sum(piece.weight for piece in shard.pieces) for shard in self.shards]
        done, total = 0, sum(weights)
        found: list[Sieved] = []
        self.progress("sieving", 0, total)
        tasks = [(self.job, shard, self.key) for shard in self.shards]
        for one, weight in zip(self.executor.map(sieve, tasks), weights, strict=True):
            found.append(one)
            done += weight
            self.progress("sieving", done, total)
        return found

    def alive(self, shard: Shard) -> pl.Series:
        """Which of a shard's conversations have a message that no decider dropped, by number."""
        path = self.job.storage.path(shard.part(f"{WORK}/decided"))
        rows = pl.scan_parquet(path).select(schema.CONVERSATION, pl.col("verdict") != "drop").collect()
        kept = rows.group_by(schema.CONVERSATION, maintain_order=True).agg(pl.col("verdict").any())
        return kept["verdict"].alias("alive")

    def mark(self, fates: pl.DataFrame, sources: dict[str, str]) -> list[Marked]:
        """Verdicts and the curated set of every shard."""
        clashes = clashing_ids(self.job.storage, self.shards)
        tasks = [
            MarkTask(
                job=self.job,
                shard=shard,
                decided=f"{WORK}/decided",
                verdicts="verdicts",
                fates=of_shard(fates, shard),
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

    def finish(
        self, plan: Plan, sieved: list[Sieved], marked: list[Marked], sources: dict[str, str], started: float
    ) -> None:
        """Quarantine, card, manifest; the work folder goes."""
        storage = self.job.storage
        remove_strays(storage, self.shards)
        unread = write_quarantine(storage, self.shards, plan, sources)
        table = tallied(marked)
        counts = counted(sieved, marked, plan)
        told = {
            "format": manifest.VERSION,
            "tamis": manifest.versions()["tamis"],
            "started": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.time() - started, 3),
            "key": run_key(self.key, self.shards, self.job.jsonl),
            "content": content_hash(marked),
            "recipe": self.job.recipe.described(),
            "rules": self.job.recipe.key(),
            "versions": manifest.versions(),
            "scorers": manifest.scorers(self.job.recipe),
            "not_covered": not_covered(self.job.recipe),
            "inputs": inputs_told(plan, storage, self.shards, sources),
            "counts": counts,
            "funnel": manifest.funnel(table, self.job.recipe, counts),
            "alarms": manifest.alarms(table, counts["records"], unread, AS_READ),
        }
        storage.write("README.md", card(told).encode())
        written = [
            name for folder in ("messages", "verdicts", "curated", "pairs") for name in storage.names(folder)
        ]
        written += [*storage.names("pairs/conversations"), "quarantine.jsonl", "README.md"]
        told["outputs"] = manifest.sha256(storage, written)
        storage.write(manifest.NAME, manifest.encode(told))
        storage.remove(WORK)


def of_shard(rows: pl.DataFrame, shard: Shard) -> pl.DataFrame:
    """The rows whose `id` lies in a shard."""
    first = shard.number * 2**32
    return rows.filter(pl.col("id").is_between(first, first + 2**32 - 1))


def remove_strays(storage: Storage, shards: Sequence[Shard]) -> None:
    """Remove parts that an earlier, interrupted run of another cut left behind."""
    for folder in ("messages", "verdicts", "curated", "pairs/conversations"):
        ours = {shard.part(folder) for shard in shards}
        ours |= {name.replace(".parquet", ".jsonl") for name in ours}
        for name in storage.names(folder):
            if name not in ours:
                storage.remove(name)


def write_quarantine(storage: Storage, shards: Sequence[Shard], plan: Plan, sources: dict[str, str]) -> int:
    """quarantine.jsonl: whole files first, then records; gives how many rows."""
    parts = [plan.quarantined.with_columns(pl.col("source").replace(sources))]
    parts += [pl.read_parquet(storage.path(shard.part(f"{WORK}/unread"))) for shard in shards]
    rows = pl.concat(parts).sort("source", "record", nulls_last=False, maintain_order=True)
    lines = []
    for row in rows.iter_rows(named=True):
        kept = {key: value for key, value in row.items() if value is not None and key != "bytes"}
        if row["bytes"] is not None:
            kept["bytes"] = row["bytes"].decode("utf-8", "backslashreplace")
        lines.append(json.dumps(kept, ensure_ascii=False) + "\n")
    storage.write("quarantine.jsonl", "".join(lines).encode("utf-8", "backslashreplace"))
    return rows.height


def tallied(marked: Iterable[Marked]) -> pl.DataFrame:
    """The shards' tallies as one."""
    keys = ("source", "language", "role", "verdict", "decided_by")
    tables = [one.tally for one in marked]
    if not tables:
        kinds = {**dict.fromkeys(keys, pl.String), "messages": pl.UInt32, "conversations": pl.UInt32}
        return pl.DataFrame(schema=kinds)
    return pl.concat(tables).group_by(keys).agg(pl.col("messages", "conversations").sum()).sort(keys)


def counted(sieved: list[Sieved], marked: list[Marked], plan: Plan) -> dict[str, int]:
    """The run's counts; what is lost between them is an error (law 1)."""
    counts = {
        "files_unreadable": plan.quarantined.height,
        **{
            name: sum(getattr(one, name) for one in sieved)
            for name in ("records", "conversations", "messages", "quarantined")
        },
        "kept": sum(one.kept for one in marked),
        "kept_without_answer": sum(one.without_answer for one in marked),
    }
    told = sum(int(one.tally["messages"].sum()) for one in marked)
    if told != counts["messages"]:
        raise AssertionError(f"{counts['messages']} messages read, {told} with a verdict")
    return counts


def content_hash(marked: Iterable[Marked]) -> str:
    """SHA-256 over the rows' hashes in order: the same on any cut of the input."""
    digest = hashlib.sha256()
    for one in marked:
        digest.update(one.hashes)
    return digest.hexdigest()


def not_covered(recipe: Recipe) -> list[Any]:
    """What redaction does not look for, in plain sentences, from the redaction passes themselves."""
    return [line for one in recipe.passes if hasattr(one, "not_covered") for line in one.not_covered()]


def inputs_told(
    plan: Plan, storage: Storage, shards: Sequence[Shard], sources: dict[str, str]
) -> list[dict[str, Any]]:
    """Each file: what it was taken for and how much came of it."""
    names = [storage.path(shard.part("pairs/conversations")) for shard in shards]
    per: dict[str, int] = {}
    if names:
        rows = pl.scan_parquet(names).group_by("source").len().collect()
        per = dict(rows.iter_rows())
    return [told_of(look, sources.get(look.source, look.source), per) for look in plan.detected]


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


def stand_strict(done: Run) -> None:
    """Raises InputError where a file could not be read at all, LimitBrokenError where an alarm was raised."""
    told = done.manifest
    unread = told["counts"]["files_unreadable"]
    if unread:
        raise InputError(
            f"{unread} file(s) could not be read; {done.storage.path('quarantine.jsonl')} says why"
        )
    if told["alarms"]:
        first = told["alarms"][0]
        what = first["pass"] or "quarantine"
        raise LimitBrokenError(
            f"{what} took {first['share']:.0%} of {first['slice']}, above {first['limit']:.0%}; "
            f"{len(told['alarms'])} alarm(s) in {done.storage.path('manifest.json')}"
        )
