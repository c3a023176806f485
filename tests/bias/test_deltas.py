"""Before and after: what the sieve moved is told at its size, and claimed only where it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from curate.bias import limits
from curate.bias.deltas import shares
from curate.bias.examine import examine
from curate.bias.facts import BiasFacts, Delta, Settings, to_json
from curate.errors import LimitBrokenError
from curate.schema import messages
from reports.bias_facts import parse
from reports.bias_pages import render_bias
from tests.bias.test_audit import benchmark

MANIFEST = benchmark().MANIFEST


def corpus(seed: int, gone: dict[str, float], toxic_goes: float = 0.0) -> pl.DataFrame:
    """1,200 messages about three groups, removed at the rates given; of Muslims the toxic ones more often."""
    random = np.random.default_rng(seed)
    about = random.choice(["women", "Muslims", "pensioners"], 1200, p=[0.5, 0.3, 0.2])
    toxicity = random.beta(2, 5, 1200)
    extra = toxic_goes * (about == "Muslims") * (toxicity > 0.4)
    dropped = random.random(1200) < np.array([gone.get(str(one), 0.1) for one in about]) + extra
    frame = messages(
        {
            "conversation_id": [f"c{i}" for i in range(1200)],
            "role": ["user"] * 1200,
            "text": [f"Number {i} is about {one}." for i, one in enumerate(about)],
            "verdict": ["drop" if one else "keep" for one in dropped],
            "decided_by": ["odd" if one else None for one in dropped],
        }
    )
    return frame.with_columns(language=pl.lit("en"), toxicity=pl.Series(toxicity))


def audited(frame: pl.DataFrame) -> BiasFacts:
    return examine(MANIFEST, [frame], Settings(replicates=99), ask_scorer=False)


def delta(made: BiasFacts, **wanted: Any) -> Delta:
    return next(
        one for one in made.deltas if all(getattr(one, key) == value for key, value in wanted.items())
    )


def test_a_share_is_told_as_it_was_read_and_as_it_is_kept() -> None:
    frame = corpus(1, {"Muslims": 0.4})
    made = audited(frame)
    one = delta(made, measure="share", group="religion.muslims")
    held = frame["text"].str.contains("Muslims")
    kept = frame.filter(pl.col("verdict") == "keep")["text"].str.contains("Muslims")
    assert one.read == pytest.approx(held.mean()) and one.kept == pytest.approx(kept.mean())
    assert one.difference == pytest.approx(one.kept - one.read) and one.low < one.difference < one.high < 0
    assert one.claimed and (one.n, one.n_kept) == (held.sum(), kept.sum())


def test_a_gap_that_the_sieve_closed_is_told_before_and_after() -> None:
    frame = corpus(2, {}, toxic_goes=0.8)
    one = delta(audited(frame), measure="toxicity", group="religion.muslims", about="user")
    held = frame.with_columns(about=pl.col("text").str.contains("Muslims"))

    def gap(some: pl.DataFrame) -> float:
        means = dict(some.group_by("about").agg(pl.col("toxicity").mean()).iter_rows())
        return float(means[True] - means[False])

    assert one.read == pytest.approx(gap(held))
    assert one.kept == pytest.approx(gap(held.filter(pl.col("verdict") == "keep")))
    assert one.claimed and one.high < 0


def test_where_all_fare_alike_nothing_moved_is_claimed_and_intervals_hold_nothing() -> None:
    made = [audited(corpus(seed, {})) for seed in range(10, 22)]
    assert not [one for facts in made for one in facts.deltas if one.claimed]
    every = [one for facts in made for one in facts.deltas]
    assert np.mean([one.low <= 0 <= one.high for one in every]) >= 0.9


def test_the_interval_of_a_moved_share_holds_the_true_one_in_about_95_of_100() -> None:
    truth = 0.3 * 0.6 / (0.3 * 0.6 + 0.7 * 0.9) - 0.3
    held = 0
    for seed in range(60):
        one = delta(audited_shares(corpus(seed, {"Muslims": 0.4})), measure="share", group="religion.muslims")
        # the interval is of the sieve's part: what it would make of the share that was meant to be read
        odds = [
            (one.read + end) / (1 - one.read - end) * (1 - one.read) / one.read for end in (one.low, one.high)
        ]
        ends = [0.3 * ratio / (0.3 * ratio + 0.7) - 0.3 for ratio in odds]
        held += ends[0] <= truth <= ends[1]
    assert held >= 53


def audited_shares(frame: pl.DataFrame) -> Any:
    """The shares alone: the rest of an audit is not asked for here."""
    from types import SimpleNamespace

    from curate.bias.counting import count, together

    counts = together([count(frame, Settings())], Settings())
    rows = shares(counts.fates, counts.units, Settings())
    return SimpleNamespace(deltas=[SimpleNamespace(**row) for row in rows])


def test_few_messages_gone_move_no_gap_that_is_claimed() -> None:
    frame = corpus(3, {"women": 0.3, "pensioners": 0.3, "Muslims": 0.0})
    made = audited(frame)
    about = [one for one in made.deltas if one.group == "religion.muslims" and one.measure != "share"]
    assert about and not any(one.claimed for one in about)


def test_a_limit_on_a_change_stops(tmp_path: Any) -> None:
    made = audited(corpus(1, {"Muslims": 0.4}))
    with pytest.raises(LimitBrokenError, match=r"share_delta of gender.women is \+0.036"):
        limits.stand(made, limits.parse({"share_delta": 0.02}, "bias.toml"), "out")
    limits.stand(made, limits.parse({"share_delta": 0.5, "toxicity_delta": 0.5}, "bias.toml"), "out")


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "the sieve moved the gap in toxicity"), ("fr", "déplacé l’écart")]
)
def test_a_gap_that_was_moved_stands_out_on_the_page(lang: str, said: str) -> None:
    page = render_bias(parse(to_json(audited(corpus(2, {}, toxic_goes=0.8)))), lang)
    assert said in page
