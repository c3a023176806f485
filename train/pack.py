"""Sequences packed into rows of one length, and rows into steps: a pure function of (seed, epoch).

Nothing is cut: a sequence lies whole in one row, with positions from 0 and a document number of its own, so
that attention can keep to it. Shapes are the same for every micro-batch, so nothing is compiled twice.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from train.render import Array, Rendered

IGNORED = -100
"""The label of a token that takes no part in the loss."""

WINDOW = 4096
"""Sequences packed together: enough to fill rows to over 99%, few enough to keep the shuffle."""

Row = tuple[int, ...]
"""Indices of the sequences in a row."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A micro-batch of R rows of T tokens; every array [R, T] unless said.

    ids, positions (from 0 in each document), documents (number in the batch; padding is one of its own),
    labels (the *next* token where it is a target, else IGNORED), starts [D + 1] (where documents start in the
    flattened batch, then R*T; D is fixed, spare entries repeat the end), rows (indices of sequences).
    """

    ids: Array
    positions: Array
    documents: Array
    labels: Array
    starts: Array
    rows: tuple[Row, ...]
    longest: int
    targets: int


def best_fit(lengths: Sequence[int], row_length: int, order: Sequence[int]) -> list[Row]:
    """Rows that hold every sequence whole: longest first, each into the fullest row that has room.

    Best-fit decreasing (Johnson 1974) over windows of the order given.

    >>> best_fit([5, 4, 3, 2], 8, [0, 1, 2, 3])
    [(0, 2), (1, 3)]
    """
    rows: list[list[int]] = []
    for start in range(0, len(order), WINDOW):
        window = sorted(order[start : start + WINDOW], key=lambda one: -lengths[one])
        open_rows: list[tuple[int, int]] = []  # (room, row), sorted
        for one in window:
            length = lengths[one]
            if length > row_length:
                raise ValueError(f"a sequence of {length} tokens in rows of {row_length}")
            place = bisect_left(open_rows, (length, -1))
            if place < len(open_rows):
                room, row = open_rows.pop(place)
                rows[row].append(one)
            else:
                room, row = row_length, len(rows)
                rows.append([one])
            if room > length:
                insort(open_rows, (room - length, row))
    return [tuple(row) for row in rows]


def epoch_rows(lengths: Sequence[int], row_length: int, seed: int, epoch: int) -> list[Row]:
    """The rows of one epoch in their order, the same for the same seed and epoch anywhere."""
    rng = np.random.default_rng([seed, epoch])
    rows = best_fit(lengths, row_length, rng.permutation(len(lengths)).tolist())
    return [rows[one] for one in rng.permutation(len(rows))]


def steps(
    lengths: Sequence[int],
    targets: Sequence[int],
    *,
    row_length: int,
    tokens_per_step: int,
    budget: int,
    seed: int,
) -> Iterator[tuple[Row, ...]]:
    """The rows of each step: as many as give `tokens_per_step` targets, until `budget` targets were given.

    Epochs follow one another without a seam. The last step takes what is left; less than half a step is not
    worth one and joins the step before.

    >>> [len(step) for step in steps([4] * 8, [2] * 8, row_length=4, tokens_per_step=4, budget=16, seed=0)]
    [2, 2, 2, 2]
    """
    if sum(targets) <= 0:
        return
    epoch, given, pending, waiting = 0, 0, [], 0
    ready: tuple[Row, ...] | None = None
    while given < budget:
        for row in epoch_rows(lengths, row_length, seed, epoch):
            count = sum(targets[one] for one in row)
            pending.append(row)
            given, waiting = given + count, waiting + count
            if waiting >= tokens_per_step:
                if ready is not None:
                    yield ready
                ready, pending, waiting = tuple(pending), [], 0
            if given >= budget:
                break
        epoch += 1
    if waiting * 2 < tokens_per_step and ready is not None:
        yield (*ready, *pending)
    else:
        if ready is not None:
            yield ready
        if pending:
            yield tuple(pending)


def shared(step: Sequence[Row], rank: int, world: int) -> list[Row]:
    """The rows of a step that one of `world` processes takes; as many in each, some empty.

    >>> shared([(0,), (1,), (2,)], 1, 2)
    [(1,), ()]
    """
    own = list(step[rank::world])
    return own + [()] * (-(-len(step) // world) - len(own))


def even_rows(plan: Sequence[Sequence[Row]], most: int, world: int = 1) -> int:
    """Rows of a micro-batch, over half of `most`, with which the plan's steps leave the fewest rows empty.

    >>> even_rows([[(0,)] * 9, [(0,)] * 10], most=8)   # two of 5, not two of 8
    5
    """
    counts = [-(-len(step) // world) for step in plan]

    def slots(rows: int) -> int:
        return sum(-(-count // rows) * rows for count in counts)

    return min(range(most, most // 2, -1), key=slots)


def capacity(plan: Sequence[Sequence[Row]], rows: int, world: int = 1) -> int:
    """The most documents that a micro-batch of the plan holds, padding at each row's end counted as one.

    Attention kernels visit a place for each, used or not, so the bound is close: counted, not estimated.

    >>> capacity([[(0, 1), (2,), (3,)]], rows=2)
    5
    """
    most = 0
    for step in plan:
        for rank in range(world):
            own = [len(row) + 1 for row in shared(step, rank, world)]
            own += [1] * (-len(own) % rows)
            most = max(most, *(sum(own[start : start + rows]) for start in range(0, len(own), rows)))
    return most


def batches(
    step: Sequence[Row],
    sequences: Sequence[Rendered],
    *,
    rows: int,
    row_length: int,
    documents: int,
    pad: int,
    even: bool = True,
) -> Iterator[Batch]:
    """A step's micro-batches of `rows` rows; if `even`, the last one is filled up with empty rows."""
    for start in range(0, len(step), rows):
        part = tuple(step[start : start + rows])
        padded = part + ((),) * (rows - len(part)) if even else part
        yield collate(padded, sequences, row_length=row_length, documents=documents, pad=pad)


def collate(
    rows: tuple[Row, ...], sequences: Sequence[Rendered], *, row_length: int, documents: int, pad: int
) -> Batch:
    """Rows as arrays; `documents` is how many the batch can hold, padding at a row's end counted as one."""
    shape = (len(rows), row_length)
    ids = np.full(shape, pad, np.int64)
    positions, numbers = np.zeros(shape, np.int64), np.zeros(shape, np.int32)
    labels = np.full(shape, IGNORED, np.int64)
    starts: list[int] = []
    longest = 1
    for line, row in enumerate(rows):
        begin = 0
        for size, one in [*((len(sequences[one]), one) for one in row), (0, -1)]:
            stop = begin + size if one >= 0 else row_length
            if stop == begin:
                continue
            numbers[line, begin:stop] = len(starts)
            starts.append(line * row_length + begin)
            positions[line, begin:stop] = np.arange(stop - begin)
            longest = max(longest, stop - begin)
            if one >= 0:
                told = sequences[one]
                ids[line, begin:stop] = told.ids
                wanted = told.trained[1:]
                labels[line, begin : stop - 1] = np.where(wanted, told.ids[1:], IGNORED)
            begin = stop
    if len(starts) > documents:
        raise ValueError(f"{len(starts)} documents in a batch made for {documents}")
    spare = [ids.size] * (documents + 1 - len(starts))
    return Batch(
        ids,
        positions,
        numbers,
        labels,
        np.array([*starts, *spare], np.int32),
        rows,
        longest,
        int((labels != IGNORED).sum()),
    )
