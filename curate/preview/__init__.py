"""What a run would do, without doing it: a seeded sample through the same recipe. Nothing is written.

all shards ─ look_over ─► counts, signatures ─ draw, neighbours ─► sample ─ carry ─► funnel, forecast
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate import readers, runs, schema
from curate.before import check_numbers
from curate.check import check
from curate.engines import Executor, Workers, executor
from curate.errors import InputError
from curate.passes.near_duplicates import NearDuplicates
from curate.preview.carry import Carried, Load, carry, wanted_of, worker
from curate.preview.expected import CONFIDENCE, Alarm, Step, alarms, funnel
from curate.preview.forecast import Forecast, forecast
from curate.preview.overview import Overview, bands_of, look_over, together
from curate.preview.sample import draw, neighbours
from curate.readers.types import InputOptions, Look, Plan
from curate.recipe import DEFAULT, Recipe, load
from curate.sieve import Shard
from curate.stages import Progress

SAMPLE = 2_000
"""Conversations that are drawn unless told otherwise."""
NEIGHBOURS = 2
"""Times the sample, how many conversations are carried beside it at most to find its duplicates."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a run would do."""

    recipe: Recipe
    seed: int
    detected: tuple[Look, ...]
    unreadable: pl.DataFrame  # schema.QUARANTINE: files that cannot be read at all
    skipped: tuple[str, ...]  # files that are no chat logs by their names
    unmatched: tuple[str, ...]  # `files` of each [[input]] that names none of the files given
    counts: dict[str, int]  # exact: records, conversations, messages, quarantined, files_unreadable
    sampled: int
    neighbours: int
    left_out: int  # neighbours beyond the cap: duplicates among them are not seen
    funnel: tuple[Step, ...]
    alarms: tuple[Alarm, ...]
    forecast: Forecast
    messages: pl.DataFrame  # the sample's messages as the run would leave them, `conversation` beside them


def preview(
    inputs: str | Path | Sequence[str | Path | InputOptions],
    recipe: str | Path | Recipe = DEFAULT,
    *,
    sets: Sequence[str] = (),
    format: str = "auto",
    workers: int = 0,
    limit: int | None = None,
    sample: int = SAMPLE,
    seed: int = 0,
    shard_bytes: int = runs.SHARD_BYTES,
    progress: Progress | None = None,
) -> Preview:
    """What `curate.run` with the same arguments would do, from a sample of conversations; writes nothing.

    The same sample for the same seed, whatever the cut, the workers or the order of files. Raises RecipeError
    and InputError as a run does, and InputError where the sample is not positive.
    """
    started = time.process_time()
    if sample < 1:
        raise InputError(f"--sample is {sample}; it must be 1 conversation or more, 2000 is usual")
    check_numbers(workers, limit, "local")
    silent: Progress = progress or (lambda stage, done, of: None)
    made = load(recipe, sets)
    check(made)
    begun = time.process_time()
    plan = planned(inputs, format, made, shard_bytes, limit)
    looked = time.process_time() - begun
    shards = runs.cut_into_shards(plan, shard_bytes)
    executor_ = executor("local", workers)
    overview = looked_over(shards, made, executor_, silent)
    chosen = draw(overview.names, sample, seed)
    beside, left_out = neighbours(overview, chosen, NEIGHBOURS * max(sample, 500))
    places = np.union1d(chosen, beside)
    messages = fetched(shards, overview, places, executor_, silent)
    count = executor_.count if isinstance(executor_, Workers) and len(shards) > 1 else 1
    carried = carried_through(
        Load(made, messages, places, int(overview.rows.max()), overview.said, count > 1, started), silent
    )
    drawn = of_sample(carried.messages, places, chosen)
    counts = {
        "records": overview.records,
        "conversations": overview.conversations,
        "messages": int(overview.messages.sum()),
        "quarantined": overview.quarantined,
        "files_unreadable": plan.quarantined.height,
    }
    return Preview(
        recipe=made,
        seed=seed,
        detected=plan.detected,
        unreadable=plan.quarantined,
        skipped=plan.skipped,
        unmatched=plan.unmatched,
        counts=counts,
        sampled=len(chosen),
        neighbours=len(beside),
        left_out=left_out,
        funnel=tuple(funnel(made, overview, drawn)),
        alarms=tuple(alarms(overview, drawn)),
        forecast=forecast(
            overview,
            carried.costs,
            min(count, len(shards)),
            counts["messages"],
            sum(look.size for look in plan.detected),
            survey_rows(made),
            looked,
        ),
        messages=drawn,
    )


def planned(
    inputs: str | Path | Sequence[str | Path | InputOptions],
    format_: str,
    made: Recipe,
    shard_bytes: int,
    limit: int | None,
) -> Plan:
    """What a run would read. Raises InputError where there is nothing to read."""
    given, told = runs.asked(inputs, format_, made)
    plan = runs.with_public_names(readers.plan(given, shard_bytes, limit, told), made)
    if not plan.pieces:
        raise InputError(runs.nothing_readable(plan))
    return plan


def looked_over(shards: list[Shard], made: Recipe, executor_: Executor, progress: Progress) -> Overview:
    """Every shard looked over; raises InputError where no conversation is in them."""
    bands, shares = bands_of(made), any(one.shared_above for one in made.globals)
    parts = []
    for one in executor_.map(look_over, [(shard, bands, shares) for shard in shards]):
        parts.append(one)
        progress("looking over", len(parts), len(shards))
    overview = together(parts)
    if not overview.conversations:
        raise InputError(
            f"no conversation could be read: all {overview.records} records are unreadable; "
            "'curate run' writes to quarantine.jsonl why"
        )
    return overview


def fetched(
    shards: list[Shard],
    overview: Overview,
    places: NDArray[np.int64],
    executor_: Executor,
    progress: Progress,
) -> pl.DataFrame:
    """The messages of the conversations at `places`, in order; only shards that hold one are read."""
    tasks = []
    for shard, start, stop in zip(shards, overview.first[:-1], overview.first[1:], strict=True):
        numbers = places[(places >= start) & (places < stop)] - start
        if len(numbers):
            tasks.append((shard, numbers))
    parts = []
    for one in executor_.map(wanted_of, tasks):
        parts.append(one)
        progress("fetching the sample", len(parts), len(tasks))
    messages = pl.concat(parts)
    opened = int((messages["turn"] == 0).sum())
    if opened != len(places):
        raise InputError(
            f"{len(places)} conversations were to be read again, {opened} were; an input changed"
        )
    return messages


def carried_through(task: Load, progress: Progress) -> Carried:
    """The sample and its neighbours through the recipe; in a process like a worker's where a run has some."""
    progress("carrying the sample", 0, 1)
    with worker(task.alone) as pool:
        found = pool.submit(carry, task).result() if pool else carry(task)
    progress("carrying the sample", 1, 1)
    return found


def of_sample(messages: pl.DataFrame, places: NDArray[np.int64], chosen: NDArray[np.int64]) -> pl.DataFrame:
    """The messages of the chosen among those carried."""
    numbers = pl.Series(schema.CONVERSATION, np.searchsorted(places, chosen), dtype=pl.UInt32)
    return messages.filter(pl.col(schema.CONVERSATION).is_in(numbers.implode()))


def survey_rows(made: Recipe) -> int:
    """Survey rows of one conversation in the run's largest survey."""
    from curate.dedup.bands import choose_bands

    near = [one for one in made.globals if isinstance(one, NearDuplicates)]
    return max((choose_bands(one.limit, one.permutations).bands for one in near), default=0)


def as_data(told: Preview) -> dict[str, Any]:
    """The preview as plain data, without the text of any message."""
    return {
        "recipe": told.recipe.name,
        "seed": told.seed,
        "inputs": [
            {"source": one.source, "container": one.container, "format": one.schema, "bytes": one.size}
            for one in told.detected
        ],
        "unreadable": told.unreadable.select("source", "reason").to_dicts(),
        "skipped": list(told.skipped),
        "unmatched": list(told.unmatched),
        "counts": told.counts,
        "sampled": told.sampled,
        "neighbours": told.neighbours,
        "neighbours_left_out": told.left_out,
        "confidence": CONFIDENCE,
        "funnel": [asdict(step) for step in told.funnel],
        "alarms": [asdict(alarm) for alarm in told.alarms],
        "forecast": asdict(told.forecast),
    }
