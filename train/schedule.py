"""The learning rate at each step, as a share of the highest: a pure function of the step."""

from __future__ import annotations

import math

from train.config import Optim


def rate(optim: Optim, step: int, steps: int) -> float:
    """The share of `lr` at a step (0-based) of `steps`: it rises over the warm-up, then goes its way.

    `cosine` (Loshchilov & Hutter 2017) and `linear` fall to `floor` over the rest; `wsd` (Hu et al. 2024)
    holds 1 and falls linearly to `floor` over the last `decay` share; `constant` stays.

    >>> from train.config import Optim
    >>> [round(rate(Optim(warmup=0.25, floor=0.0), step, 8), 2) for step in range(8)]
    [0.5, 1.0, 0.93, 0.75, 0.5, 0.25, 0.07, 0.0]
    """
    rising = math.ceil(optim.warmup * steps)
    if step < rising:
        return (step + 1) / rising
    if optim.schedule == "constant":
        return 1.0
    falling = math.ceil(optim.decay * steps) if optim.schedule == "wsd" else steps - rising
    done = (step + 1 - (steps - falling)) / max(falling, 1)
    if done <= 0:
        return 1.0
    share = 1 - done if optim.schedule in ("wsd", "linear") else 0.5 * (1 + math.cos(math.pi * done))
    return optim.floor + (1 - optim.floor) * share
