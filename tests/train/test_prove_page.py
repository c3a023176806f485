"""What a proof says in words: the headline, which pass earned its place, and what may be chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")

from train import arms, gain, proof, prove_page, prove_table
from train.arms import KEPT, RAW
from train.gain import AS_CURATED, AS_READ, OUTSIDE
from train.proof import ArmFacts, Proof
from train.split import Split


def made_up(says: dict[str, float], over: str = RAW) -> Proof:
    """A proof with one finding of these gains, certain where they are not 0."""
    rng = np.random.default_rng(0)
    sums: dict[str, dict[str, Any]] = {KEPT: {}, over: {}}
    for name, value in says.items():
        size = np.full((3, 30), 100.0)
        base = size * (1 + rng.normal(0, 0.01, (3, 30)))
        sums[over][name] = np.stack([base, size, base, size], 2)
        mine = base - value * size + rng.normal(0, 0.5, (3, 30))
        sums[KEPT][name] = np.stack([mine, size, mine, size], 2)
    facts = tuple(
        ArmFacts(name=name, says="<b>", conversations=1, epoch=1, targets=1, epochs=1.0, lost_share=0.0, loss=1.0,
                 figures={one: proof.pooled(rows) for one, rows in told.items()})
        for name, told in sums.items()
    )  # fmt: skip
    kept = Split(frozenset({"a"}), frozenset({"a"}), 10, 10, 0, 0.1, True)
    return proof.proof(kept, "stored pairs", facts, sums, proof.pairs(list(sums)), {}, 1.0)


@pytest.mark.parametrize(
    ("says", "headline", "sentence"),
    [
        ({AS_READ: 0.0, AS_CURATED: 0.2}, "Not shown that curation helped", "curated held-out text only"),
        ({AS_READ: 0.2, AS_CURATED: 0.2}, "Curation helped", "Shown"),
        ({AS_READ: 0.0, AS_CURATED: 0.2, OUTSIDE: 0.2}, "Curation helped", "Shown"),
        ({AS_READ: -0.2, AS_CURATED: 0.2}, "Curation did harm", "the other way"),
        ({AS_READ: -0.2, AS_CURATED: 0.2, OUTSIDE: 0.2}, "harmed on another", "Mixed"),
    ],
)
def test_the_headline_is_the_verdict(says: dict[str, float], headline: str, sentence: str) -> None:
    told = prove_page.render(made_up(says))
    assert f"<h1>{headline}" in told or headline in told.split("<h1>")[1].split("</h1>")[0]
    assert sentence in told
    assert "<b>" not in told


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.2, "toxic: earned their place"), (-0.2, "toxic: did harm"), (0.0, "toxic: could not be told")],
)
def test_the_page_says_which_pass_earned_its_place(value: float, said: str) -> None:
    told = made_up({AS_READ: value, AS_CURATED: 0.2}, over=f"{arms.WITHOUT}too_toxic")
    assert said in prove_page.lead(told)


def planted(rng: np.random.Generator, effects: Sequence[float]) -> Proof:
    """A proof of passes with these effects, in which seeds and conversations differ as they do."""
    size = np.full((3, 60), 100.0)
    base = size * (1 + rng.normal(0, 0.1, 60))

    def rows(effect: float) -> dict[str, Any]:
        bits = effect + rng.normal(0, 0.01, (3, 1)) + rng.normal(0, 0.05, 60) + rng.normal(0, 0.02, (3, 60))
        nats = base + bits * size * np.log(2)
        return {AS_READ: np.stack([nats, size, nats, size], 2)}

    sums = {KEPT: rows(0.0)} | {f"{arms.WITHOUT}p{n}": rows(effect) for n, effect in enumerate(effects)}
    kept = Split(frozenset({"a"}), frozenset({"a"}), 10, 10, 0, 0.1, True)
    return proof.proof(kept, "", (), sums, proof.pairs(list(sums)), {}, 1.0)


def test_of_many_passes_without_effect_seldom_one_is_said_to_have_earned_its_place() -> None:
    rng = np.random.default_rng(0)
    told = [planted(rng, [0.0] * 8) for _ in range(60)]
    named = sum(any(one.verdict != gain.NOT_SHOWN for one in made.findings) for made in told)
    unsaid = sum(any(one.by_chance for one in made.findings) for made in told)
    assert named <= 0.05 * 60 + 3 and unsaid > 0  # without the correction these would have been named too
    some = next(one for made in told for one in made.findings if one.by_chance)
    assert "by chance" in prove_table.sentence(some)


def test_passes_with_an_effect_are_found_among_those_without() -> None:
    made = [planted(np.random.default_rng(seed), [0.15, 0.0, -0.15, 0.0]) for seed in range(10)]
    verdicts = [{one.over[-2:]: one.verdict for one in told.findings} for told in made]
    assert sum(told["p0"] == gain.BETTER for told in verdicts) >= 8
    assert sum(told["p2"] == gain.WORSE for told in verdicts) >= 8
