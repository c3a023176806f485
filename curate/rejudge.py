"""New limits on what a finished run measured: new verdicts and a new curated set, no text read anew."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from curate import engine, manifest, schema
from curate.differences import to_measure
from curate.engines import InProcess
from curate.errors import TamisError
from curate.limits import whole as limits
from curate.passes.base import Decider
from curate.runs import Run, open_run
from curate.sieve import WORK, Job, Shard, parquet
from curate.stages import Stages, conclude, touched_by
from curate.storage import Storage

NEW = f"{WORK}/rejudged/"
"""Where the new verdicts grow; they take the old ones' place when they are whole."""


def rejudge(out: str, sets: Sequence[str]) -> Run:
    """Decide again in a finished run with other options of its deciders, and give the run.

    Raises TamisError, naming what must be measured first, where a setting needs more than what is stored: a
    rewrite or a measure, or a limit under the one down to which pairs of duplicates were kept. The old
    verdicts stay until the new ones are whole.
    """
    run = open_run(out, ("messages", "pairs"))
    finish_interrupted(run.storage)
    measured, new = run.recipe(measured=True), run.recipe(sets)
    both = zip(measured.passes, new.passes, strict=True)
    missing = [line for one, other in both for line in to_measure(one, other)]
    if missing:
        raise TamisError(
            f"{'; '.join(missing)}: this must be measured first; run 'curate run' again with the same --set"
        )
    told = run.manifest
    job = Job(out=run.out, recipe=new, jsonl=told["jsonl"])
    run.storage.remove(NEW)
    shards = [Shard(number, ()) for number in range(len(run.storage.names("messages")))]
    deciders = [one for one in new.passes if isinstance(one, Decider)]
    for shard in shards:
        judge_again(run.storage, shard, deciders)
    stages = Stages(job, shards, InProcess(), lambda stage, done, of: None)
    marked = stages.settle_and_mark(f"{NEW}decided", {}, NEW)
    stages.move_limits(f"{NEW}decided", measured.passes, NEW)
    kept = ("started", "seconds", "input_key", "inputs", "skipped", "unmatched")
    again = {key: told[key] for key in kept if key in told} | {
        "measured": told.get("measured", told["recipe"])
    }
    again["touched"] = touched_by(run.storage, shards, new, NEW)
    conclude(job, dict(told["counts"]), marked, again, NEW)
    finish_interrupted(run.storage)
    return run


def judge_again(storage: Storage, shard: Shard, deciders: Sequence[Decider]) -> None:
    """The deciders of single conversations on a shard's stored messages and measures."""
    messages = pl.read_parquet(storage.path(shard.part("messages")))
    numbered = schema.number_conversations(engine.apply(deciders, messages))
    rows = numbered.select(schema.CONVERSATION, "conversation_id", "turn", *schema.DECISIONS)
    storage.write(shard.part(f"{NEW}decided"), parquet(rows))


def finish_interrupted(storage: Storage) -> None:
    """Put whole new verdicts in the place of the old ones; the new manifest is their mark of wholeness.

    Called again after a kill it goes on where it stood; new verdicts that are not whole are thrown away by
    the next `rejudge`.
    """
    if not storage.exists(f"{NEW}{manifest.NAME}"):
        return
    told: dict[str, Any] = json.loads(storage.read(f"{NEW}{manifest.NAME}"))
    for folder in ("verdicts", "curated"):
        for name in storage.names(f"{NEW}{folder}"):
            storage.write(name.removeprefix(NEW), storage.read(name))
    for name in ("README.md", limits.NAME):
        storage.write(name, storage.read(f"{NEW}{name}"))
    storage.write(manifest.NAME, manifest.encode(told))
    storage.remove(WORK)
