from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as reference

from curate.bias.stats import (
    Sums,
    benjamini_hochberg,
    differences,
    effective,
    fisher,
    ratio_interval,
    student,
    wilson,
)


def test_wilson_is_that_of_scipy() -> None:
    for hits, of in ((0, 10), (3, 10), (10, 10), (250, 1000)):
        found = reference.binomtest(hits, of).proportion_ci(0.95, "wilson")
        low, high = wilson(hits, of)
        assert (float(low), float(high)) == pytest.approx((found.low, found.high), abs=1e-12)


def test_fisher_s_tail_is_the_hypergeometric_one_less_half_of_what_was_observed() -> None:
    for y, n, x, m in ((12, 40, 20, 200), (0, 30, 40, 300), (5, 9, 5, 900), (400, 1000, 3000, 9000)):
        law = reference.hypergeom(n + m, y + x, n)
        tail = min(law.sf(y - 1), law.cdf(y)) - law.pmf(y) / 2
        assert fisher(y, n, x, m)[0] == pytest.approx(min(1, 2 * tail), rel=1e-6)


def test_nothing_counted_is_no_evidence() -> None:
    assert fisher(0, 0, 3, 10).tolist() == [1.0]
    assert fisher(0, 10, 0, 10).tolist() == [1.0]


@pytest.mark.parametrize(
    ("one", "other", "n", "m"), [(0.3, 0.1, 100, 1000), (0.05, 0.05, 80, 3000), (0.02, 0.01, 300, 300)]
)
def test_the_interval_of_a_ratio_holds_the_true_one_in_95_of_100(
    one: float, other: float, n: int, m: int
) -> None:
    random = np.random.default_rng(3)
    y, x = random.binomial(n, one, 4000).astype(float), random.binomial(m, other, 4000).astype(float)
    _, low, high = ratio_interval(y, np.full(4000, float(n)), x, np.full(4000, float(m)))
    held = ((low <= one / other) & (one / other <= high)).mean()
    assert 0.94 <= held <= 0.98


def test_a_ratio_to_nothing_is_open_above_and_of_nothing_begins_at_0() -> None:
    ratio, low, high = ratio_interval(*(np.array(v, float) for v in ([5, 0], [50, 50], [0, 5], [100, 100])))
    assert high[0] == np.inf and low[0] > 1
    assert (ratio[1], low[1]) == (0, 0) and 1 < high[1] < np.inf


def test_forty_copies_of_a_conversation_weigh_as_one() -> None:
    """All hits are in one block: whatever their number, they are one event."""
    of = np.ones((200, 1))
    of[7] = 40
    hits = np.zeros((200, 1))
    hits[7] = 40
    y, n = effective(hits, of, np.array([239.0]))
    assert y[0] <= 1.01 and n[0] < 10


def test_independent_messages_keep_their_number() -> None:
    random = np.random.default_rng(1)
    hits = random.binomial(1, 0.3, (2000, 1)).astype(float)
    y, n = effective(hits, np.ones((2000, 1)), np.array([2000.0]))
    assert n[0] == pytest.approx(2000, rel=0.12) and y[0] / n[0] == pytest.approx(hits.mean())


def test_a_share_of_none_or_all_counts_conversations() -> None:
    of = np.full((30, 1), 10.0)
    for hits in (np.zeros((30, 1)), of):
        _, n = effective(hits, of, np.array([30.0]))
        assert n[0] == pytest.approx(30)


def test_differences_are_found_with_their_clusters() -> None:
    """Conversations have moods: 95% of intervals hold the true difference, far fewer would without blocks."""
    random, held, naive = np.random.default_rng(5), 0, 0
    for trial in range(120):
        sizes = random.integers(1, 8, (2, 60))
        mood = random.normal(0, 1, (2, 60))
        sums = [
            [random.normal(m, 0.3, n) for m, n in zip(*pair, strict=True)]
            for pair in zip(mood, sizes, strict=True)
        ]
        zeros = np.zeros((60, 1))
        tables = [
            [np.array([[one] for one in map(f, side)]) for f in (len, np.sum, lambda v: (v**2).sum())]
            for side in sums
        ]
        own = [np.vstack([table, zeros]) for table in tables[0]]
        other = [np.vstack([zeros, table]) for table in tables[1]]
        found = differences(Sums(*own, *other), 299, trial)
        held += bool(found.low[0] <= 0 <= found.high[0])
        flat = [np.concatenate(side) for side in sums]
        naive += bool(reference.ttest_ind(*flat).pvalue > 0.05)
    assert held >= 108
    assert naive < 90


def test_effect_and_difference_are_the_textbook_ones() -> None:
    a, b = np.array([1.0, 2, 3, 4]), np.array([2.0, 4, 6, 8])
    own = [np.concatenate([v, np.zeros(4)])[:, None] for v in (np.ones(4), a, a**2)]
    other = [np.concatenate([np.zeros(4), v])[:, None] for v in (np.ones(4), b, b**2)]
    found = differences(Sums(*own, *other), 99, 1)
    pooled = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
    assert found.difference[0] == pytest.approx(-2.5)
    assert found.effect[0] == pytest.approx(-2.5 / pooled * (1 - 3 / (4 * 8 - 9)))


def test_q_values_are_scipy_s() -> None:
    p = np.random.default_rng(2).uniform(0, 1, 50) ** 3
    assert benjamini_hochberg(p) == pytest.approx(reference.false_discovery_control(p))
    assert benjamini_hochberg([]).tolist() == []


def test_student_s_interval_is_scipy_s() -> None:
    values = np.random.default_rng(4).normal(1, 2, 12)
    low, high, p = student(
        np.array([values.mean()]), np.array([values.std(ddof=1) / np.sqrt(12)]), np.array([12])
    )
    found = reference.ttest_1samp(values, 0)
    assert (low[0], high[0]) == pytest.approx(tuple(found.confidence_interval()))
    assert p[0] == pytest.approx(found.pvalue)
