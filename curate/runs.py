"""A run: start one, or open a finished one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from curate import manifest, readers, schema
from curate.check import check
from curate.engines import executor
from curate.errors import InputError, LimitBrokenError, TamisError
from curate.passes.base import Redaction
from curate.readers.types import InputOptions, Look, Plan
from curate.recipe import DEFAULT, Recipe, load, parse
from curate.sieve import WORK, Job, Shard, shard_key
from curate.stages import Progress, Stages, remove_strays
from curate.storage import Storage

SHARD_BYTES = 32 * 2**20
"""Bytes of input that one shard holds, about; peak memory is a small multiple of it for each worker."""


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

    def recipe(self, sets: Sequence[str] = (), *, measured: bool = False) -> Recipe:
        """The recipe that made it, with settings applied; options that are private have their defaults.

        `measured` asks for the one that texts were read with, before any `rejudge`.
        """
        manifest = self.manifest
        told = manifest.get("measured", manifest["recipe"]) if measured else manifest["recipe"]
        tables = [{"use": one["use"], **one["options"]} for one in told["passes"]]
        data = {"name": told["name"], "description": told["description"], "pass": tables}
        return parse(data, f"the recipe of {self.out}", sets)

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
    workers: int = 1,
    limit: int | None = None,
    jsonl: bool = False,
    fresh: bool = False,
    keep_unread: bool = False,
    engine: str = "local",
    shard_bytes: int = SHARD_BYTES,
    progress: Progress | None = None,
) -> Run:
    """Curate `inputs` into the folder `out` by a recipe, and give the finished run.

    `workers` above 1 (0: one for each core) starts processes; a script that asks for them must call this
    under `if __name__ == "__main__":`, as everywhere in Python.

    Raises RecipeError and InputError before anything is read where what was given cannot be used, and
    InputError where nothing could be read. A run that was killed goes on where it stood; a finished one under
    the same inputs and recipe is given back as it is; under another recipe it is refused (`fresh=True`
    starts anew).
    """
    made = load(recipe, sets)
    check(made)
    job = Job(out=str(out), recipe=made, keep_unread=keep_unread, jsonl=jsonl)
    refuse_foreign(Storage(str(out)), inputs)
    plan = with_public_names(readers.plan(asked(inputs, format, made), shard_bytes, limit), made)
    if not plan.pieces:
        raise InputError(nothing_readable(plan))
    shards = cut_into_shards(plan, shard_bytes)
    key = job.key()
    if not finished(job, input_key(key, shards), fresh):
        silent: Progress = lambda stage, done, of: None  # noqa: E731
        Stages(job, shards, executor(engine, workers), progress or silent).carry_through(plan, key)
    return Run(job.out)


def nothing_readable(plan: Plan) -> str:
    """The error where no file can be read: the first reasons, and what to do."""
    reasons = [f"{row['source']}: {row['reason']}" for row in plan.quarantined.head(3).to_dicts()]
    reasons += [f"{source}: no chat log by its name" for source in plan.skipped[: 3 - len(reasons)]]
    said = "; ".join(reasons)
    return f"nothing readable in what was given ({said}); --format or [[input]] can say what it is"


def refuse_foreign(storage: Storage, inputs: str | Path | Sequence[str | Path | InputOptions]) -> None:
    """Raises TamisError for an OUT that holds something else than a run, or that is itself an input."""
    if not storage.local:
        return
    place = Path(storage.root)
    given = (
        [inputs] if isinstance(inputs, str | Path) else [one for one in inputs if isinstance(one, str | Path)]
    )
    if any(Path(one).resolve() == place.resolve() for one in given):
        raise TamisError(f"--out '{place}' is the input itself; name another folder")
    if place.exists() and not place.is_dir():
        raise TamisError(f"--out '{place}' is a file; name a folder")
    ours = storage.exists(manifest.NAME) or storage.exists(WORK)
    # A run that was killed at its very first part has left messages/ alone.
    if place.is_dir() and not ours and any(one.name != "messages" for one in place.iterdir()):
        raise TamisError(f"--out '{place}' is not empty and holds no run; name a new or an empty folder")


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


def with_public_names(plan: Plan, made: Recipe) -> Plan:
    """The plan with private values in the names of files replaced, where the recipe redacts."""
    redactors = [one for one in made.passes if isinstance(one, Redaction)]
    if not redactors:
        return plan
    sources = {look.source for look in plan.detected} | {*plan.quarantined["source"].to_list(), *plan.skipped}
    names = {name: redactors[0].redact_name(name) for name in sources}
    if all(before == after for before, after in names.items()):
        return plan

    def named(look: Look) -> Look:
        return replace(look, source=names[look.source])

    pieces = tuple(replace(piece, looks=tuple(named(look) for look in piece.looks)) for piece in plan.pieces)
    quarantined = plan.quarantined.with_columns(pl.col("source").replace(names))
    detected = tuple(named(look) for look in plan.detected)
    skipped = tuple(names[source] for source in plan.skipped)
    return replace(plan, pieces=pieces, quarantined=quarantined, detected=detected, skipped=skipped)


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


def input_key(key: str, shards: Iterable[Shard]) -> str:
    """What a finished run must have been made from to stand for this one: see stages.input_key."""
    keys = " ".join(shard_key(key, shard) for shard in shards)
    return hashlib.blake2b(keys.encode(), digest_size=16).hexdigest()


def finished(job: Job, key: str, fresh: bool) -> bool:
    """True where `out` already holds this very run. Raises TamisError where it holds another."""
    storage = job.storage
    found = manifest.read(storage)
    if fresh:
        for name in (manifest.NAME, WORK):
            storage.remove(name)
        remove_strays(storage, [])
        return False
    if found is None:
        return False
    same_recipe = found["recipe"]["passes"] == json.loads(json.dumps(job.recipe.described()["passes"]))
    if found["input_key"] == key and same_recipe and found["jsonl"] == job.jsonl:
        return True
    raise TamisError(
        f"'{job.out}' holds a finished run of other inputs or another recipe (finished {found['finished']}); "
        "write to another --out, or add --fresh to replace it"
    )


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
