"""Which scorer a recipe means by `model`, and what every scorer can do."""

from __future__ import annotations

import functools
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.errors import RecipeError, unknown

DETOXIFY = "detoxify:"
DETOXIFY_MODELS = ("original", "unbiased", "multilingual", "original-small", "unbiased-small")
"""What `curate check` knows without detoxify; a test holds it equal to detoxify's own registry."""
PRECISIONS = ("fp32", "auto", "bf16", "int8")


class Scorer(Protocol):
    """Gives texts a probability of being toxic."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the measures it gives, `toxicity` first."""

    def score(self, texts: pl.Series) -> dict[str, NDArray[np.float64]]:
        """Per measure, a score from 0 to 1 for each text; 0.0 for an empty one."""

    def describe(self) -> dict[str, str]:
        """Name, version and sha256 of the weights, for the manifest."""


def check_model(model: str) -> None:
    """Raises RecipeError for a model that no scorer answers to; loads nothing.

    >>> check_model("detoxify:multilingual")
    >>> check_model("embeded")
    Traceback (most recent call last):
    curate.errors.RecipeError: unknown model 'embeded' in toxicity.model; did you mean 'embedded'?
    """
    known = ("embedded", *(DETOXIFY + name for name in DETOXIFY_MODELS))
    if model not in known:
        raise RecipeError(unknown("model", model, known, "toxicity.model"))


@functools.lru_cache(2)
def load(model: str, folder: str, precision: str) -> Scorer:
    """The scorer, loaded once in each process. Raises RecipeError where it cannot be, with the next step."""
    check_model(model)
    if model == "embedded":
        from curate.toxicity.embedded import load_embedded

        return load_embedded()
    from curate.toxicity.detoxify import load_detoxify

    return load_detoxify(model.removeprefix(DETOXIFY), folder, precision)
