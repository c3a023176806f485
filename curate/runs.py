"""A run: start one, or open a finished one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from curate import manifest, readers, schema
from curate.before import already_done, check_numbers, check_writable, refuse_foreign
from curate.check import check
from curate.engines import executor
from curate.errors import InputError, LimitBrokenError, unknown
from curate.passes.base import Redaction
from curate.readers.options import FORMATS
from curate.readers.told import Told
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
    already: bool = field(default=False, compare=False)  # it was finished before it was asked for

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

    def stand_there(self, folders: Sequence[str]) -> None:
        """Raises InputError where a file that the run wrote in one of these folders is gone."""
        there = {name for folder in folders for name in self.storage.names(folder)}
        told = (name for name in self.manifest["outputs"] if name.rpartition("/")[0] in folders)
        gone = [name for name in told if name not in there]
        if gone:
            raise InputError(
                f"'{self.out}' lacks {gone[0]}; 'curate verify {self.out}' says what else, "
                f"'curate run INPUT --out {self.out} --fresh' makes it anew"
            )

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

    def report(self, lang: str = "en", *, bias: bool = True) -> list[Path]:
        """Write report.html and report.json (and bias.html) in a language, and give their paths.

        The command line does so after each run; in Python it is asked for. Diversity and bias facts that
        the run does not have yet are found first. Raises TamisError for a language that the pages do not
        have.
        """
        from curate.pages import publish

        return publish(self, lang, bias=bias)


FOLDERS = ("messages", "verdicts", "curated", "pairs")


def open_run(out: str | Path, needed: Sequence[str] = FOLDERS) -> Run:
    """A finished run. Raises InputError where there is none, or where needed parts of it are gone."""
    run_ = Run(str(out))
    run_.stand_there(needed)
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
    check_numbers(workers, limit, engine)
    made = load(recipe, sets)
    check(made)
    job = Job(out=str(out), recipe=made, keep_unread=keep_unread, jsonl=jsonl)
    given, told = asked(inputs, format, made)
    refuse_foreign(job.storage, [name for one in given for name in one.files])
    check_writable(job.storage)
    plan = with_public_names(readers.plan(given, shard_bytes, limit, told), made)
    if not plan.pieces:
        raise InputError(nothing_readable(plan))
    shards = cut_into_shards(plan, shard_bytes)
    if fresh:
        cleared(job.storage)
    elif already_done(job, lambda made: input_key(replace(job, recipe=made).key(), shards), plan):
        return Run(job.out, already=True)
    silent: Progress = lambda stage, done, of: None  # noqa: E731
    Stages(job, shards, executor(engine, workers), progress or silent).carry_through(plan, job.key())
    return Run(job.out)


def nothing_readable(plan: Plan) -> str:
    """The error where no file can be read: the first reasons, and what to do."""
    reasons = [f"{row['source']}: {row['reason']}" for row in plan.quarantined.head(3).to_dicts()]
    reasons += [f"{source}: no chat log by its name" for source in plan.skipped[: 3 - len(reasons)]]
    reasons += [f"[[input]] '{files}' names none of the files given" for files in plan.unmatched[:1]]
    said = "; ".join(reasons)
    return f"nothing readable in what was given ({said}); --format or [[input]] can say what it is"


def asked(
    inputs: str | Path | Sequence[str | Path | InputOptions], format_: str, made: Recipe
) -> tuple[list[InputOptions], Told]:
    """The inputs to read, those given or the recipe's own; and what the recipe says of the files given."""
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    ready = [one for one in given if isinstance(one, InputOptions)]
    names = tuple(str(one) for one in given if not isinstance(one, InputOptions))
    if format_ not in FORMATS:
        raise InputError(unknown("format", format_, FORMATS, "--format"))
    if names:
        ready.append(InputOptions(files=names, format=format_))
    if ready:
        return ready, Told(made.inputs, (made.folder, ""))
    if not made.inputs:
        raise InputError(
            "no INPUT given and none in the recipe; name files or folders, as in 'curate run logs/'"
        )
    return list(made.inputs), Told()


def with_public_names(plan: Plan, made: Recipe) -> Plan:
    """The plan with private values in the names of files replaced, where the recipe redacts."""
    redactors = [one for one in made.passes if isinstance(one, Redaction)]
    if not redactors:
        return plan
    sources = {look.source for look in plan.detected} | {
        *plan.quarantined["source"].to_list(),
        *plan.skipped,
        *plan.unmatched,
    }
    names = {name: redactors[0].redact_name(name) for name in sources}
    if all(before == after for before, after in names.items()):
        return plan

    def named(look: Look) -> Look:
        return replace(look, source=names[look.source])

    pieces = tuple(replace(piece, looks=tuple(named(look) for look in piece.looks)) for piece in plan.pieces)
    quarantined = plan.quarantined.with_columns(pl.col("source").replace(names))
    detected = tuple(named(look) for look in plan.detected)
    skipped = tuple(names[source] for source in plan.skipped)
    unmatched = tuple(names[files] for files in plan.unmatched)
    return replace(
        plan,
        pieces=pieces,
        quarantined=quarantined,
        detected=detected,
        skipped=skipped,
        unmatched=unmatched,
    )


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


def cleared(storage: Storage) -> None:
    """Take a finished or begun run out of OUT, and what was told of it."""
    for name in (manifest.NAME, WORK, "bias.json", "bias.html", "report.html", "report.json"):
        storage.remove(name)
    remove_strays(storage, [])


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
