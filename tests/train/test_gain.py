"""The verdict: a planted gain is found, and where there is none, chance is rarely told as one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from train import gain as gains
from train.gain import AS_CURATED, AS_READ, BETTER, MIXED, NOT_SHOWN, OUTSIDE, WORSE, gain, verdict

Array = np.ndarray[Any, Any]


def tables(
    rng: np.random.Generator, conversations: int, seeds: int, effect: float, heavy: bool
) -> tuple[Array, Array]:
    """Scores of two arms [seeds, conversations, 4] that differ by `effect` bits per byte, by as much as
    conversations and seeds differ (a tenth of a bit, a hundredth), and by noise."""
    size = rng.lognormal(5, 1.0 if heavy else 0.3, conversations)
    base = 1.5 + rng.normal(0, 0.3, conversations)
    differs = effect + rng.normal(0, 0.1, conversations)
    theirs, mine = [], []
    for _ in range(seeds):
        noise = rng.normal(0, 0.02, (2, conversations))
        for rows, bits in (
            (theirs, base + noise[0]),
            (mine, base - differs - rng.normal(0, 0.01) + noise[1]),
        ):
            nats = bits * size * math.log(2)
            rows.append(np.stack([nats, size / 3, nats, size], 1))
    return np.array(mine), np.array(theirs)


def verdicts(conversations: int, seeds: int, effect: float, heavy: bool, many: int) -> dict[str, float]:
    """Shares of the verdicts over many invented tables, scored as read and on an outside file."""
    rng = np.random.default_rng([conversations, seeds])
    found = []
    for _ in range(many):
        told = {
            name: gain("kept", "raw", name, *tables(rng, conversations, seeds, effect, heavy), draws=400).says
            for name in (AS_READ, OUTSIDE)
        }
        found.append(verdict(told))
    return {name: found.count(name) / many for name in (BETTER, WORSE, MIXED, NOT_SHOWN)}


@pytest.mark.parametrize(("conversations", "seeds"), [(8, 3), (40, 3), (40, 5)])
@pytest.mark.parametrize("heavy", [False, True])
def test_without_a_gain_one_is_told_in_five_of_a_hundred_at_most(
    conversations: int, seeds: int, heavy: bool
) -> None:
    many = 300
    told = verdicts(conversations, seeds, 0.0, heavy, many)
    allowed = 0.05 + 2 * math.sqrt(0.05 * 0.95 / many)  # what 300 tables themselves leave open
    assert told[BETTER] + told[MIXED] <= allowed and told[WORSE] + told[MIXED] <= allowed


@pytest.mark.slow
@pytest.mark.parametrize(("conversations", "seeds"), [(8, 3), (15, 5), (40, 3), (150, 3)])
def test_over_thousands_of_tables_too(conversations: int, seeds: int) -> None:
    told = verdicts(conversations, seeds, 0.0, True, 3000)
    assert told[BETTER] + told[MIXED] <= 0.058 and told[WORSE] + told[MIXED] <= 0.058


def test_a_planted_gain_is_found() -> None:
    assert verdicts(60, 3, 0.10, False, 60)[BETTER] > 0.9
    assert verdicts(60, 3, -0.10, False, 60)[WORSE] > 0.9


def test_the_smallest_detectable_gain_is_found_four_times_in_five() -> None:
    rng = np.random.default_rng(5)
    least = gains.detectable(60, 3, 0.105, 0.01)
    told = [gain("a", "b", AS_READ, *tables(rng, 60, 3, least, False), draws=400) for _ in range(150)]
    shown = sum(one.says == BETTER for one in told) / len(told)
    assert 0.65 <= shown <= 0.95
    measured = np.median([one.detectable for one in told])
    assert 0.6 * least < measured < 1.6 * least  # what is told afterwards agrees with what was planned


def test_a_gain_on_curated_text_alone_is_not_shown() -> None:
    assert verdict({AS_READ: NOT_SHOWN, AS_CURATED: BETTER}) == NOT_SHOWN
    assert verdict({AS_READ: NOT_SHOWN, AS_CURATED: BETTER, OUTSIDE: NOT_SHOWN}) == NOT_SHOWN
    assert verdict({AS_READ: WORSE, AS_CURATED: BETTER}) == WORSE
    assert verdict({AS_READ: WORSE, OUTSIDE: BETTER}) == MIXED
    assert verdict({AS_READ: BETTER, AS_CURATED: WORSE}) == BETTER


def test_too_few_conversations_show_nothing_however_large_the_gain() -> None:
    rng = np.random.default_rng(0)
    assert gain("a", "b", AS_READ, *tables(rng, 4, 3, 5.0, False)).says == NOT_SHOWN


def test_conversations_are_paired_so_that_what_both_find_hard_does_not_count() -> None:
    rng = np.random.default_rng(1)
    mine, theirs = tables(rng, 40, 3, 0.05, False)
    rows = mine.copy()
    rows[..., 2] = theirs[..., 2] - 0.05 * theirs[..., 3] * math.log(2)  # the same gain everywhere
    told = gain("a", "b", AS_READ, rows, theirs)
    assert told.interval.low == pytest.approx(0.05) and told.interval.high == pytest.approx(0.05)


def test_a_seed_that_disagrees_widens_the_interval() -> None:
    rng = np.random.default_rng(2)
    mine, theirs = tables(rng, 40, 3, 0.1, False)
    apart = mine.copy()
    apart[2, :, 2] += 0.3 * apart[2, :, 3]
    near, far = gain("a", "b", AS_READ, mine, theirs), gain("a", "b", AS_READ, apart, theirs)
    assert near.says == BETTER and far.says == NOT_SHOWN
    assert far.in_every_seed == NOT_SHOWN
