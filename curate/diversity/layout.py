"""Topics on a plane: near where their conversations use the same words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def plane(centres: Floats) -> Floats:
    """Coordinates [topic, 2] in −1 to 1 by classical scaling (Torgerson 1952) of the distances of centres.

    Centres have length 1; the same centres give the same places, mirror images included.

    >>> plane(np.eye(2)).round(2).tolist()
    [[1.0, 0.0], [-1.0, 0.0]]
    """
    count = len(centres)
    if count < 2:
        return np.zeros((count, 2))
    squares = np.maximum(2 - 2 * centres @ centres.T, 0)
    middle = np.eye(count) - 1 / count
    values, vectors = np.linalg.eigh(-middle @ squares @ middle / 2)
    order = np.argsort(-values, kind="stable")[:2]
    axes = vectors[:, order] * np.sqrt(np.maximum(values[order], 0))
    axes[np.abs(axes) < 1e-9] = 0.0
    signs = np.sign(axes[np.abs(axes).round(9).argmax(0), np.arange(axes.shape[1])])
    axes = axes * np.where(signs == 0, 1.0, signs)
    scale = np.maximum(np.abs(axes).max(0), 1e-12)
    stretch = np.maximum(scale, scale.max() / 3)  # the second axis may be stretched, not blown up
    return apart(axes / stretch).round(4) + 0.0


def apart(places: Floats, least: float = 0.16, rounds: int = 200) -> Floats:
    """The places, those nearer than `least` pushed from one another, then all within −1 to 1.

    >>> bool(np.ptp(apart(np.array([[0.0, 0.0], [0.0, 0.05]]))[:, 1]) > 0.15)
    True
    """
    moved = places.copy()
    for _ in range(rounds):
        gap = moved[:, None] - moved[None]
        far = np.sqrt((gap**2).sum(-1)) + np.eye(len(moved))
        push = np.maximum(least - far, 0) / 2
        if not push.any():
            break
        moved = moved + (gap / np.maximum(far, 1e-9)[..., None] * push[..., None]).sum(1)
    scaled: Floats = moved / max(1.0, float(np.abs(moved).max(initial=0.0)))
    return scaled
