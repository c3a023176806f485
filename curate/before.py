"""Before anything is read: are the numbers usable, can OUT be written, does it hold this very run already?"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from curate import __version__, manifest
from curate.differences import as_sets, to_measure, told_differences
from curate.engines import ENGINES
from curate.errors import TamisError, unknown
from curate.readers.types import Plan
from curate.recipe import Recipe, converted, options_of
from curate.sieve import WORK, Job
from curate.storage import Storage

SHOWN = 3
"""Differences that an error names at most."""


def check_numbers(workers: int, limit: int | None, engine: str) -> None:
    """Raises TamisError for a number or an engine that no run can have."""
    if workers < 0:
        raise TamisError(f"--workers is {workers}; it must be 1 or more, or 0 for one on each core")
    if limit is not None and limit < 1:
        raise TamisError(f"--limit is {limit}; it must be 1 conversation or more, or left out for all")
    if engine not in ENGINES:
        raise TamisError(unknown("engine", engine, ENGINES, "--engine"))


def refuse_foreign(storage: Storage, inputs: Iterable[Any]) -> None:
    """Raises TamisError for an OUT that holds something else than a run, or that is itself an input."""
    if not storage.root.strip():
        raise TamisError("--out is empty; name a folder, as --out out/")
    if storage.root.encode("utf-8", "replace").decode() != storage.root:
        raise TamisError("the name of --out is not UTF-8; name another folder")
    if not storage.local:
        return
    place = Path(storage.root)
    if any(Path(one).resolve() == place.resolve() for one in inputs if isinstance(one, str | Path)):
        raise TamisError(f"--out '{place}' is the input itself; name another folder")
    if place.exists() and not place.is_dir():
        raise TamisError(f"--out '{place}' is a file; name a folder")
    ours = storage.exists(manifest.NAME) or storage.exists(WORK)
    # A run that was killed at its very first part has left messages/ alone.
    if place.is_dir() and not ours and any(one.name != "messages" for one in place.iterdir()):
        raise TamisError(f"--out '{place}' is not empty and holds no run; name a new or an empty folder")


def check_writable(storage: Storage) -> None:
    """Raises TamisError where OUT cannot be written; leaves nothing behind, folders it made included."""
    probe = f"{WORK}/.probe"
    if not storage.local:
        storage.write(probe, b"")
        storage.remove(probe)
        return
    folder = Path(storage.path(WORK))
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        told = Path(storage.path(f"{probe}.{os.getpid()}.part"))
        told.touch()
        told.unlink()
    except OSError as error:
        raise TamisError(
            f"--out '{storage.root}' cannot be written: {error.strerror}; name another folder, or change its "
            "permissions"
        ) from None
    finally:
        for one in made:
            if one.is_dir():
                one.rmdir()


def already_done(job: Job, key_of: Callable[[Recipe], str], plan: Plan) -> bool:
    """True where OUT holds this very run, finished. Raises TamisError, saying what differs, for another.

    `key_of` gives the key that a run over the same input has under a recipe (see `runs.input_key`).
    """
    found = manifest.read(job.storage)
    if found is None:
        return False
    now = json.loads(json.dumps(job.recipe.described()["passes"]))
    measured = found.get("measured", found["recipe"])["passes"]
    recipe = told_differences(found["recipe"]["passes"], now)
    same = found["input_key"] == key_of(as_measured(job.recipe, measured))
    if same and not recipe and found["jsonl"] == job.jsonl:
        return True
    inputs = [] if same else input_differences(found, plan)
    if found["versions"] != manifest.versions():
        inputs.append(version_difference(found["versions"]))
    if found["jsonl"] != job.jsonl:
        inputs.append("made without --jsonl" if job.jsonl else "made with --jsonl")
    if not same and not recipe and not inputs:
        inputs = ["the content of a file, --limit, --format, [[input]], a private option or a file of rules"]
    raise TamisError(told_refusal(job, found, recipe, inputs, now))


def as_measured(new: Recipe, told: Sequence[Mapping[str, Any]]) -> Recipe:
    """The recipe with the options that a run was measured with, where it has the same passes.

    Private options are not told by a manifest: those of `new` stand.
    """
    options = {one["name"]: one["options"] for one in told}
    if [*options] != [one.name for one in new.passes]:
        return new
    fields = [dict(options_of(one)) | options[one.name] for one in new.passes]
    both = zip(new.passes, fields, strict=True)
    return replace(
        new, passes=tuple(type(one)(**converted(type(one), made, one.name, "")) for one, made in both)
    )


def told_refusal(
    job: Job, found: Mapping[str, Any], recipe: Sequence[str], inputs: Sequence[str], now: Sequence[Any]
) -> str:
    """The sentence: what differs, and the next step, which is `rejudge` where that will do."""
    what = " and ".join(
        [*(["another recipe"] if recipe else []), *(["other inputs or options"] if inputs else [])]
    )
    named = [*recipe, *inputs]
    more = f", and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    said = f"'{job.out}' holds a finished run of {what} ({'; '.join(named[:SHOWN])}{more})"
    step = "write to another --out, or add --fresh to replace it"
    if recipe and not inputs and only_decides(found, job.recipe):
        sets = as_sets(found["recipe"]["passes"], now)
        step = f"'curate rejudge {job.out} {sets}' decides again without reading; or {step}"
    return f"{said}; {step}"


def only_decides(found: Mapping[str, Any], new: Recipe) -> bool:
    """Whether a finished run becomes that of another recipe by deciding again on what it measured."""
    told = found.get("measured", found["recipe"])["passes"]
    if [one["name"] for one in told] != [one.name for one in new.passes]:
        return False
    both = zip(as_measured(new, told).passes, new.passes, strict=True)
    return not any(to_measure(one, other) for one, other in both)


def input_differences(found: Mapping[str, Any], plan: Plan) -> list[str]:
    """Files that were added, removed or changed in size since, one phrase each."""
    before = {one["source"]: one["bytes"] for one in found["inputs"]}
    after = {look.source: look.size for look in plan.detected}
    said = [f"added {name}" for name in after if name not in before]
    said += [f"removed {name}" for name in before if name not in after]
    said += [f"changed {name}" for name in after if name in before and before[name] != after[name]]
    return said


def version_difference(before: Mapping[str, str]) -> str:
    """Which library is another one than then."""
    now = manifest.versions()
    changed = [f"{name} {before.get(name)} -> {now[name]}" for name in now if before.get(name) != now[name]]
    return ", ".join(changed) or f"Tamis {__version__}"
