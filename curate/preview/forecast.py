"""How long a run would take and how much memory, from what reading and carrying the sample cost."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from curate.preview.carry import Costs
from curate.preview.overview import Overview

REPORT_SECONDS, REPORT_PER_MESSAGE = 0.7, 2e-6
"""CPU seconds of the report: measured on runs of 700 to 300,000 messages."""
AUDIT_SECONDS, AUDIT_PER_MESSAGE = 0.9, 7e-6
"""CPU seconds of the bias audit and its page: measured on runs of 500 and 300,000 messages."""
LIMITS_PER_MESSAGE = 2.2e-6
"""CPU seconds of counting other limits: measured on a run of 300,000 messages."""
TOPICS_DRAWN, TOPICS_PER_DRAWN, TOPICS_PER_CONVERSATION = 5_000, 1.25e-3, 2e-5
"""Conversations that topics are found on at most, and CPU seconds of diversity for each of them and for each
conversation of the run: between 6.6e-4 (a small vocabulary) and 1.4e-3 for each of them, by what is said."""
SURVEY_ROW = 24
"""Bytes of a survey row."""
PAIRED = 4.0
"""How many times its survey rows the pairing of a partition holds in memory, about."""
AT_ONCE = 0.7
"""Of its worst, what each further worker holds when one is at its worst: they seldom are so at once."""
READ_AGAIN = 10.0
"""How many times its text a shard takes in memory where it is read from Parquet and written again, about."""


@dataclass(frozen=True)
class Forecast:
    """What the full run would take on this machine, with `workers` processes and their cores free."""

    seconds: float
    cpu_seconds: float
    workers: int
    memory: int  # bytes resident at the worst moment, all processes together; 0 where none is told
    written: int  # bytes that OUT would hold, about


def forecast(
    overview: Overview, costs: Costs, workers: int, messages: int, read: int, bands: int, planned: float
) -> Forecast:
    """The forecast. `read` is the bytes of the inputs, `bands` how many survey rows a conversation has,
    `planned` the CPU seconds that looking at the files took.
    """
    scale = float(overview.rows.sum()) / max(costs.size, 1)
    shards = [
        float(seconds) + costs.sieve * float(size) / max(costs.size, 1)
        for seconds, size in zip(overview.read_seconds, overview.rows, strict=True)
    ]
    pools = workers if workers > 1 else 0  # a run of one shard stays in its own process
    written = round(costs.written * scale)
    once = costs.imported + planned + costs.warmed_pair + costs.pair * scale + hashing(read, written)
    once += REPORT_SECONDS + REPORT_PER_MESSAGE * messages + AUDIT_SECONDS + AUDIT_PER_MESSAGE * messages
    once += LIMITS_PER_MESSAGE * messages + diversity(overview.conversations)
    mark = costs.mark * scale
    seconds = once + costs.warmed + makespan(shards, workers) + mark / workers
    cpu = once + sum(shards) + mark + costs.warmed * max(1, pools) + 2 * pools * costs.imported
    if pools:
        seconds += 2 * costs.imported
    return Forecast(seconds, cpu, workers, memory(overview, costs, pools, bands), written)


def diversity(conversations: int) -> float:
    """CPU seconds of topics and what is told of them: most of it on a sample of bounded size.

    >>> diversity(2_000), diversity(1_000_000)
    (2.54, 26.25)
    """
    return TOPICS_PER_DRAWN * min(conversations, TOPICS_DRAWN) + TOPICS_PER_CONVERSATION * conversations


def makespan(costs: Sequence[float], workers: int) -> float:
    """Seconds until all are done, each taken in order by whichever worker is free first.

    >>> makespan([2.0, 2.0, 2.0], 2)
    4.0
    """
    free = [0.0] * max(workers, 1)
    for cost in costs:
        place = free.index(min(free))
        free[place] += cost
    return max(free)


def hashing(read: int, written: int) -> float:
    """Seconds for the hashes of inputs (BLAKE2b) and outputs (SHA-256), at this machine's speed."""
    block = bytes(1 << 22)
    begun = time.process_time()
    hashlib.blake2b(block).digest()
    first = time.process_time()
    hashlib.sha256(block).digest()
    second = time.process_time()
    return ((first - begun) * read + (second - first) * written) / len(block)


def memory(overview: Overview, costs: Costs, pools: int, bands: int) -> int:
    """The most resident memory of all processes together, in bytes; 0 where the system does not tell."""
    if not costs.base:
        return 0
    largest = int(overview.rows.max())
    sieving = max(at(costs.points, largest), overview.peak if pools else 0)
    again = int(READ_AGAIN * largest)
    pairing = int(PAIRED * SURVEY_ROW * bands * overview.conversations) + again
    if not pools:
        return max(sieving, costs.base + pairing)
    together = 1 + AT_ONCE * (pools - 1)
    return round(max(costs.base + together * sieving, costs.base + pairing + together * (costs.base + again)))


def at(points: Sequence[tuple[int, int]], size: int) -> int:
    """Memory at a batch of `size` bytes of text, on the line through what was measured.

    >>> at([(10, 100), (30, 160)], 50), at([(10, 100)], 5)
    (220, 100)
    """
    (low, less), (high, more) = points[0], points[-1]
    if size <= high or high == low:
        return more
    return round(more + (more - less) / (high - low) * (size - high))
