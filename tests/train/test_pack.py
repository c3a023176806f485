"""Packing: every sequence whole, once an epoch, in rows of one shape, the same for the same seed."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from train.pack import IGNORED, batches, best_fit, capacity, collate, epoch_rows, even_rows, shared, steps
from train.render import Rendered

lengths_of = st.lists(st.integers(1, 64), min_size=1, max_size=60)


def sequence(size: int, trained: float = 0.5, name: str = "c") -> Rendered:
    rng = np.random.default_rng(size)
    wanted = rng.random(size) < trained
    wanted[0] = False
    arrays = np.arange(100, 100 + size, dtype=np.int32), wanted
    return Rendered(
        name, *arrays, np.ones(size, np.uint8), np.zeros(size, np.int32), np.full(size, 2, np.int8)
    )


@settings(deadline=None)
@given(lengths_of)
def test_every_sequence_is_in_one_row_whole(lengths: list[int]) -> None:
    rows = best_fit(lengths, 64, range(len(lengths)))
    assert sorted(one for row in rows for one in row) == list(range(len(lengths)))
    assert all(sum(lengths[one] for one in row) <= 64 for row in rows)


@settings(deadline=None)
@given(lengths_of, st.integers(0, 3), st.integers(0, 3))
def test_the_order_depends_on_seed_and_epoch_alone(lengths: list[int], seed: int, epoch: int) -> None:
    assert epoch_rows(lengths, 64, seed, epoch) == epoch_rows(list(lengths), 64, seed, epoch)


def test_another_epoch_or_seed_is_another_order() -> None:
    lengths = np.random.default_rng(0).integers(1, 64, 200).tolist()
    assert len({str(epoch_rows(lengths, 64, *key)) for key in ((0, 0), (0, 1), (1, 0))}) == 3


def test_rows_are_filled_to_over_97_percent() -> None:
    lengths = np.random.default_rng(0).geometric(1 / 120, 3000).clip(2, 1024).tolist()
    rows = epoch_rows(lengths, 1024, 0, 0)
    assert sum(lengths) / (1024 * len(rows)) > 0.97


@settings(deadline=None)
@given(lengths_of, st.integers(1, 200), st.floats(0.2, 3.0))
def test_steps_hold_the_budget_and_every_epoch_sees_every_sequence_once(
    lengths: list[int], per_step: int, epochs: float
) -> None:
    budget = round(epochs * sum(lengths))
    taken = list(steps(lengths, lengths, row_length=64, tokens_per_step=per_step, budget=budget, seed=0))
    seen = [one for step in taken for row in step for one in row]
    given_tokens = sum(lengths[one] for one in seen)
    assert budget <= given_tokens < budget + 64 + 1
    whole = len(seen) // len(lengths)
    assert sorted(seen[: whole * len(lengths)]) == sorted([*range(len(lengths))] * whole)
    assert all(sum(lengths[one] for row in step for one in row) >= per_step for step in taken[:-1])


def test_a_batch_says_where_documents_are_and_what_comes_next() -> None:
    sequences = [sequence(5), sequence(3), sequence(8)]
    batch = collate(((0, 1), (2,)), sequences, row_length=10, documents=64, pad=0)
    assert batch.ids[0].tolist() == [100, 101, 102, 103, 104, 100, 101, 102, 0, 0]
    assert batch.positions[0].tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 0, 1]
    assert batch.documents.tolist() == [[0, 0, 0, 0, 0, 1, 1, 1, 2, 2], [3] * 8 + [4] * 2]
    assert batch.starts[:6].tolist() == [0, 5, 8, 10, 18, 20]
    assert batch.starts.shape == (65,) and (batch.starts[5:] == 20).all()
    assert batch.targets == sum(one.targets for one in sequences)
    for start, one in ((0, sequences[0]), (5, sequences[1])):
        for place in range(len(one) - 1):
            wanted = one.ids[place + 1] if one.trained[place + 1] else IGNORED
            assert batch.labels[0, start + place] == wanted


def test_the_last_token_of_a_document_never_predicts_the_first_of_the_next() -> None:
    sequences = [sequence(4, 1.0), sequence(4, 1.0)]
    batch = collate(((0, 1),), sequences, row_length=9, documents=64, pad=0)
    assert batch.labels[0, [3, 7, 8]].tolist() == [IGNORED] * 3


def test_a_pad_is_never_a_target_even_if_its_id_is_that_of_an_end() -> None:
    batch = collate(((0,),), [sequence(4, 1.0)], row_length=16, documents=64, pad=103)
    assert batch.targets == 3
    assert (batch.labels[0, 3:] == IGNORED).all()


@given(
    st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=12), min_size=1, max_size=6),
    st.integers(1, 9),
    st.integers(1, 3),
)
def test_a_micro_batch_never_holds_more_documents_than_its_capacity(
    sizes: list[list[int]], rows: int, world: int
) -> None:
    plan = [[tuple(range(count)) for count in step] for step in sizes]
    sequences = [sequence(4) for _ in range(6)]
    room = capacity(plan, rows, world)
    held = []
    for step in plan:
        for rank in range(world):
            own = shared(step, rank, world)
            for batch in batches(own, sequences, rows=rows, row_length=25, documents=room, pad=0):
                held.append(int(batch.documents.max()) + 1)
    assert max(held) == room


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(1, 16))
def test_rows_of_a_micro_batch_leave_no_more_empty_than_the_most_would(counts: list[int], most: int) -> None:
    plan = [[(0,)] * count for count in counts]
    rows = even_rows(plan, most)
    assert most // 2 < rows <= most
    assert sum(-count % rows for count in counts) <= sum(-count % most for count in counts)
