"""What a proof holds: arms as they were trained, comparisons with their intervals, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from train import gain
from train.arms import EPOCHS, KEPT, RANDOM, RAW, WITHOUT, Arm
from train.checks.differences import LEVEL, false_discoveries
from train.gain import AS_READ, Gain
from train.intervals import Interval, ratio, resampled
from train.split import Split
from train.trial import Array, Result


@dataclass(frozen=True, kw_only=True)
class ArmFacts:
    """An arm as it was trained: conversations, targets of an epoch and in all, epochs, what was cut."""

    name: str
    says: str
    conversations: int
    epoch: int
    targets: int
    epochs: float
    lost_share: float
    loss: float
    figures: dict[str, Interval]
    """Bits per byte by what it was scored on, all seeds together; intervals over conversations."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One comparison: `arm` over `over`, on everything, and what follows."""

    arm: str
    over: str
    asks: str
    gains: dict[str, Gain]
    verdict: str
    q: float | None = None
    """For a pass left out: the chance of its gain, corrected over all passes (Benjamini & Hochberg 1995)."""

    @property
    def by_chance(self) -> bool:
        """Whether intervals say something that may be chance: so many passes were asked."""
        counted = gain.verdict({name: one.says for name, one in self.gains.items()})
        return self.verdict == gain.NOT_SHOWN and counted != gain.NOT_SHOWN


@dataclass(frozen=True, kw_only=True)
class Proof:
    """All that was found."""

    split: Split
    gate: str
    scored: dict[str, int]
    seeds: int
    arms: tuple[ArmFacts, ...]
    findings: tuple[Finding, ...]
    left_out: dict[str, int]
    """Conversations taken out of other tools' sets for being near what is held out."""
    detectable: float
    seconds: float
    format: int = 1

    def as_dict(self) -> dict[str, Any]:
        """For JSON; no text, and of the split only its sizes."""
        told = asdict(self)
        told["split"] = {
            "seed": self.split.seed,
            "share": self.split.share,
            "clusters": self.split.clusters,
            "conversations": self.split.conversations,
            "held_out": len(self.split.away),
            "scored": len(self.split.scored),
            "stored_pairs": self.split.stored_pairs,
        }
        return told


ASKS = {
    (KEPT, RAW): "Is what was kept better to learn from than all that was read?",
    (KEPT, RANDOM): "Is it better than as much, chosen at random?",
    (EPOCHS, RAW): "Is it still better if each conversation is seen no more often than in raw?",
}


def pairs(names: Sequence[str]) -> list[tuple[str, str, str]]:
    """What is compared: (arm, over, the question)."""
    told = [(arm, over, asks) for (arm, over), asks in ASKS.items() if arm in names and over in names]
    for name in names:
        if name.startswith(WITHOUT):
            one = name.removeprefix(WITHOUT)
            told.append((KEPT, name, f"Did {one} earn its place?"))
        elif name not in (RAW, KEPT, RANDOM, EPOCHS):
            told.append((name, RAW, f"Is {name} better to learn from than all that was read?"))
            told.append((KEPT, name, f"Is what was kept better than {name}?"))
    return told


def concluded(
    chosen: Split,
    how: str,
    made: Sequence[Arm],
    epoch: dict[str, int],
    results: Sequence[Result],
    left: dict[str, int],
    seconds: float,
) -> Proof:
    """The results as facts and findings."""
    by_arm = {arm.name: by_seed(results, arm.name) for arm in made}
    sums = {name: stacked(told) for name, told in by_arm.items()}
    facts = tuple(
        ArmFacts(
            name=arm.name,
            says=arm.says,
            conversations=len(arm.conversations),
            epoch=epoch[arm.name],
            targets=round(float(np.mean([one.targets for one in by_arm[arm.name]]))),
            epochs=float(np.mean([one.epochs for one in by_arm[arm.name]])),
            lost_share=max(one.lost_share for one in by_arm[arm.name]),
            loss=float(np.mean([one.loss for one in by_arm[arm.name]])),
            figures={name: pooled(rows) for name, rows in sums[arm.name].items()},
        )
        for arm in made
    )
    return proof(chosen, how, facts, sums, pairs(list(by_arm)), left, seconds)


def proof(
    chosen: Split,
    how: str,
    facts: tuple[ArmFacts, ...],
    sums: dict[str, dict[str, Array]],
    compared: Sequence[tuple[str, str, str]],
    left: dict[str, int],
    seconds: float,
) -> Proof:
    """The findings from every arm's sums [seeds, conversations, 4] by what it was scored on."""
    findings = []
    for arm, over, asks in compared:
        gains = {name: gain.gain(arm, over, name, sums[arm][name], sums[over][name]) for name in sums[arm]}
        said = gain.verdict({name: one.says for name, one in gains.items()})
        findings.append(Finding(arm=arm, over=over, asks=asks, gains=gains, verdict=said))
    findings = corrected(findings)
    first = next(iter(sums.values()))
    return Proof(
        split=chosen,
        gate=how,
        scored={name: rows.shape[1] for name, rows in first.items()},
        seeds=next(iter(first.values())).shape[0],
        arms=facts,
        findings=tuple(findings),
        left_out=left,
        detectable=max((one.gains[AS_READ].detectable for one in findings), default=float("nan")),
        seconds=seconds,
    )


def corrected(findings: Sequence[Finding]) -> list[Finding]:
    """The findings; of passes left out in turn only those are shown of which 5% are false at most.

    Many passes are asked the same question, and with ten without any effect one would seem to have one. The
    chance of a pass is the least of those of the sets that count, times how many these are.
    """
    asked = [one for one in findings if one.over.startswith(WITHOUT)]
    chances = []
    for one in asked:
        counted = [told.chance for name, told in one.gains.items() if name in (gain.AS_READ, gain.OUTSIDE)]
        chances.append(min([1.0, *(len(counted) * chance for chance in counted)]))
    q_of = {one.over: q for one, q in zip(asked, false_discoveries(chances), strict=True)}
    return [
        replace(one, q=q, verdict=one.verdict if q <= LEVEL else gain.NOT_SHOWN)
        if (q := q_of.get(one.over)) is not None
        else one
        for one in findings
    ]


def by_seed(results: Sequence[Result], arm: str) -> list[Result]:
    """An arm's results in the order of seeds."""
    return sorted((one for one in results if one.arm == arm), key=lambda one: one.seed)


def stacked(results: Sequence[Result]) -> dict[str, Array]:
    """[seeds, conversations, 4] by what was scored."""
    return {name: np.stack([one.sums[name] for one in results]) for name in results[0].sums}


def pooled(rows: Array) -> Interval:
    """Bits per byte of all seeds together, with the interval of drawing conversations again."""
    told = rows.sum(0)[:, 2:]
    return ratio(told[:, 0], told[:, 1], resampled(told), scale=1 / float(np.log(2)))
