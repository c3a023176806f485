"""What a search chooses among: learning rate, batch, budget, adapter rank, and how to draw them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from train.config import Config, changed
from train.errors import ConfigError


@dataclass(frozen=True, order=True)
class Point:
    """One setting: learning rate, target tokens of a step, target tokens of the whole run, adapter rank."""

    lr: float
    batch: int
    tokens: int
    rank: int

    def __str__(self) -> str:
        told = f"lr {self.lr:.3g}, batch {self.batch:,}, {self.tokens:,} tokens"
        return f"{told}, rank {self.rank}" if self.rank else told

    def on(self, config: Config) -> Config:
        """The configuration with this setting."""
        optim = {"lr": self.lr, "tokens_per_step": self.batch, "tokens": self.tokens, "steps": 0}
        return changed(changed(config, "optim", **optim), "lora", rank=self.rank)


@dataclass(frozen=True, kw_only=True)
class Space:
    """The bounds of the learning rate (drawn by its logarithm) and the choices for the rest, ascending."""

    lr: tuple[float, float]
    batch: tuple[int, ...]
    tokens: tuple[int, ...]
    rank: tuple[int, ...]

    def __post_init__(self) -> None:
        low, high = self.lr
        if not 0 < low <= high or not math.isfinite(high):
            raise ConfigError(f"--lr {low:g}:{high:g} is no range; give for example 1e-4:1e-2")
        for name in ("batch", "tokens", "rank"):
            if not getattr(self, name):
                raise ConfigError(f"--{name} names nothing to choose from; leave it out or give numbers")
        if min(*self.batch, *self.tokens) < 1 or min(self.rank) < 0:
            raise ConfigError("--batch and --tokens take numbers above 0, --rank numbers from 0")

    @property
    def searched(self) -> tuple[str, ...]:
        """The names of what has more than one value.

        >>> Space(lr=(1e-4, 1e-2), batch=(512, 1024), tokens=(9,), rank=(0,)).searched
        ('lr', 'batch')
        """
        names = ("lr", "batch", "tokens", "rank")
        return tuple(name for name in names if len(set(getattr(self, name))) > 1)

    def holds(self, point: Point) -> bool:
        """Whether a point lies in the space."""
        low, high = self.lr
        inside = low <= point.lr <= high
        return inside and all(getattr(point, n) in getattr(self, n) for n in ("batch", "tokens", "rank"))

    def drawn(self, count: int, seed: int, first: Sequence[Point] = ()) -> list[Point]:
        """`count` points that cover the space evenly, those of `first` that lie in it before them.

        A Latin hypercube (McKay, Beckman & Conover 1979): the logarithm of the rate is cut into as many
        strata as there are points, each choice is taken equally often, orders are shuffled apart.
        """
        rng = np.random.default_rng([seed, count])
        given = [one for one in dict.fromkeys(first) if self.holds(one)][:count]
        left = count - len(given)
        shares = (rng.permutation(left) + rng.random(left)) / max(left, 1)
        low, high = (math.log(one) for one in self.lr)
        rates = [float(f"{math.exp(low + share * (high - low)):.4g}") for share in shares.tolist()]
        rates = [min(max(rate, self.lr[0]), self.lr[1]) for rate in rates]
        columns = [even(getattr(self, name), left, rng) for name in ("batch", "tokens", "rank")]
        return [*given, *(Point(*told) for told in zip(rates, *columns, strict=True))]


def even(choices: Sequence[int], count: int, rng: Any) -> list[int]:
    """`count` of the choices, each as often as the others or once more, in random order."""
    order = [choices[n % len(choices)] for n in range(count)]
    return [order[n] for n in rng.permutation(count).tolist()]


def default(config: Config, tokens: int) -> Point:
    """The setting that the configuration has by itself, for a run of so many target tokens."""
    return Point(config.optim.lr, config.optim.tokens_per_step, tokens, config.lora.rank)


def space(config: Config, tokens: int, *, lr: str, batch: str, budgets: str, rank: str) -> Space:
    """The space that options describe; what is not given stays as the configuration has it.

    The rate is searched over a factor of 30 to both sides of the configuration's where `lr` is empty.

    >>> space(Config(), 9000, lr="1e-4:1e-2", batch="512,1024", budgets="", rank="").batch
    (512, 1024)
    """
    rate = config.optim.lr
    low, high = bounds(lr) if lr else (rate / 30, rate * 30)
    told = Space(
        lr=(low, high),
        batch=numbers(batch, "--batch") or (config.optim.tokens_per_step,),
        tokens=numbers(budgets, "--tokens") or (tokens,),
        rank=numbers(rank, "--rank") or (config.lora.rank,),
    )
    if 0 in told.rank and len(told.rank) > 1:
        raise ConfigError("--rank 0 trains every weight: another kind of run; search over ranks from 1")
    return told


def bounds(told: str) -> tuple[float, float]:
    """LOW:HIGH, or one number for both.

    >>> bounds("1e-4:1e-2"), bounds("3e-3")
    ((0.0001, 0.01), (0.003, 0.003))
    """
    low, colon, high = told.partition(":")
    try:
        return float(low), float(high if colon else low)
    except ValueError:
        raise ConfigError(f"--lr {told} is no range; give LOW:HIGH, for example 1e-4:1e-2") from None


def numbers(told: str, option: str) -> tuple[int, ...]:
    """Whole numbers between commas, ascending and once each.

    >>> numbers("1024,512,512", "--batch"), numbers("", "--batch")
    ((512, 1024), ())
    """
    try:
        return tuple(sorted({int(part) for part in told.split(",") if part.strip()}))
    except ValueError:
        raise ConfigError(f"{option} {told} is no list of whole numbers, for example 512,1024") from None


def at_tokens(point: Point, share: float) -> Point:
    """The same setting for a share of its budget, one token at least.

    >>> at_tokens(Point(1e-3, 512, 9000, 0), 1 / 9).tokens
    1000
    """
    return replace(point, tokens=max(1, round(point.tokens * share)))
