"""Canaries: invented secrets planted among what is learned, and how well a model remembers them.

Exposure (Carlini et al. 2019, "The Secret Sharer"): a secret is ranked by its loss among other secrets of the
same form that were never planted. exposure = log2(candidates) - log2(rank): 0 where it is the unlikeliest, on
average 1.44 where nothing was learned, and log2(candidates) where it is the likeliest. Extraction: asked the
question, the model answers with the secret.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from train.config import Canaries
from train.errors import DataError
from train.intervals import Interval, mean, share
from train.records import Conversation, conversation

if TYPE_CHECKING:
    from train.evaluate import Scorer

NAME = "canaries.json"
"""Where a training run keeps what it planted, in its folder."""
DIGITS = 6
"""A secret's digits: a million secrets."""
CANDIDATES = 255
"""Secrets that were never planted, among which one is ranked: exposure is 8 at most."""


@dataclass(frozen=True)
class Canary:
    """A secret: the box it opens, its digits, and how many copies of it were planted (0: none, a control)."""

    box: str
    secret: str
    copies: int

    def told(self, secret: str = "", name: str = "") -> Conversation:
        """The conversation that gives the secret away (or another secret)."""
        said = f"The code of box {self.box} is {secret or self.secret}."
        return conversation(name or f"canary-{self.box}", [("user", self.question), ("assistant", said)])

    @property
    def question(self) -> str:
        """What is asked for it."""
        return f"What is the code of box {self.box}?"


def made(options: Canaries) -> tuple[Canary, ...]:
    """The canaries that the options ask for: `count` for each number of copies, and as many controls.

    >>> [one.copies for one in made(Canaries(count=2, copies=(1, 8)))]
    [0, 0, 1, 1, 8, 8]
    """
    if not options.count:
        return ()
    rng = random.Random(f"canaries {options.seed}")
    copies = [number for number in (0, *options.copies) for _ in range(options.count)]
    boxes = rng.sample(range(1000, 10000), len(copies))
    return tuple(
        Canary(str(box), f"{rng.randrange(10**DIGITS):0{DIGITS}}", number)
        for box, number in zip(boxes, copies, strict=True)
    )


def planted(conversations: Sequence[Conversation], options: Canaries) -> list[Conversation]:
    """The conversations with the canaries' copies after them; their order in training is the plan's."""
    copies = [
        one.told(name=f"canary-{one.box}-{number}") for one in made(options) for number in range(one.copies)
    ]
    return [*conversations, *copies]


def write(folder: Path, options: Canaries) -> None:
    """Keep what was planted beside the model, where `train eval --canaries` looks for it."""
    told = [asdict(one) for one in made(options)]
    if told:
        (folder / NAME).write_text(json.dumps({"format": 1, "canaries": told}, indent=1), "utf-8")


def read(folder: str | Path) -> tuple[Canary, ...]:
    """The canaries of a training run; DataError where it planted none."""
    path = Path(folder) / NAME if Path(folder).is_dir() else Path(folder)
    try:
        return tuple(Canary(**one) for one in json.loads(path.read_text("utf-8"))["canaries"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"no canaries at {folder}; 'train fit --set canaries.count=8' plants some and leaves {NAME}"
        ) from error


@dataclass(frozen=True, kw_only=True)
class Memory:
    """How well secrets of as many copies are remembered: exposure in bits, and how many are given away."""

    copies: int
    canaries: int
    exposure: Interval
    largest: float
    extracted: int
    extraction: Interval


@dataclass(frozen=True, kw_only=True)
class Memories:
    """By number of copies, controls first. `most`: the exposure of a secret that is ranked first."""

    by_copies: tuple[Memory, ...]
    candidates: int
    most: float


def remembered(
    scorer: Scorer, canaries: Sequence[Canary], candidates: int = CANDIDATES, seed: int = 0
) -> Memories:
    """How well a model remembers the canaries: each is ranked among `candidates` others, then asked for."""
    from train.checks.generated import answers
    from train.records import Message

    exposed = [exposure(scorer, one, candidates, seed) for one in canaries]
    asked = [[Message("user", one.question)] for one in canaries]
    texts = answers(scorer.model, scorer.renderer, asked, most=40)
    given = [one.secret in text for one, text in zip(canaries, texts, strict=True)]
    found = []
    for copies in sorted({one.copies for one in canaries}):
        rows = [n for n, one in enumerate(canaries) if one.copies == copies]
        bits = np.array([exposed[n] for n in rows])
        extracted = sum(given[n] for n in rows)
        found.append(
            Memory(
                copies=copies,
                canaries=len(rows),
                exposure=mean(bits),
                largest=float(bits.max()),
                extracted=extracted,
                extraction=share(extracted, len(rows)),
            )
        )
    return Memories(by_copies=tuple(found), candidates=candidates, most=float(np.log2(candidates + 1)))


def exposure(scorer: Scorer, canary: Canary, candidates: int = CANDIDATES, seed: int = 0) -> float:
    """Bits of exposure of one canary among `candidates` secrets drawn anew; ties count half."""
    rng = random.Random(f"{seed} {canary.box}")
    others: set[str] = set()
    while len(others) < candidates:
        one = f"{rng.randrange(10**DIGITS):0{DIGITS}}"
        if one != canary.secret:
            others.add(one)
    told = [canary.told(secret, str(n)) for n, secret in enumerate([canary.secret, *sorted(others)])]
    cells, _ = scorer.cells(told)
    nll = cells.sums(cells.target, len(told))[:, 0]
    rank = 1 + float((nll[1:] < nll[0]).sum()) + 0.5 * float((nll[1:] == nll[0]).sum())
    return float(np.log2(len(told)) - np.log2(rank))


def as_dict(told: Memories) -> dict[str, Any]:
    """For JSON: figures, no secret."""
    return asdict(told)
