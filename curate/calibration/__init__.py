"""`curate calibrate`: limits by group for a recipe, from labelled texts, and the recipe written with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from curate.calibration import labelled
from curate.calibration.finding import Calibration, calibrate
from curate.calibration.recipe_text import text_of, with_group_limits
from curate.check import check
from curate.errors import RecipeError
from curate.passes.too_toxic import TooToxic
from curate.passes.toxicity import Toxicity
from curate.recipe import load


def calibrated(
    recipe: str,
    data: str | None = None,
    *,
    text: str = "text",
    label: str = "toxic",
    language: str = "language",
    rate: float | None = None,
    every: bool = False,
    least: int = 30,
) -> Calibration:
    """Limits by group for the scorer and the limit of a recipe, on `data` or on the sentences that ship.

    Raises RecipeError where the recipe has no `toxicity` or no `too_toxic` and for a rate that is none,
    InputError for data that cannot be used.
    """
    passes = load(recipe).passes
    scorers = [one for one in passes if isinstance(one, Toxicity)]
    deciders = [one for one in passes if isinstance(one, TooToxic)]
    if not scorers or not deciders:
        missing = "too_toxic" if scorers else "toxicity"
        raise RecipeError(f"{recipe} has no pass '{missing}': nothing to calibrate")
    if rate is not None and not 0 <= rate < 1:
        raise RecipeError(f"--rate is {rate}, must be from 0 to 1, such as 0.02")
    if least < 1:
        raise RecipeError(f"--least is {least}, must be 1 or more")
    table = labelled.read(data, text, label, language) if data else labelled.shipped()
    return calibrate(labelled.scored(table, scorers[0]), deciders[0].limit, rate, every=every, least=least)


def write(recipe: str, limits: Mapping[str, float], target: str) -> None:
    """Write the recipe with these limits to a new file; checked first. Raises RecipeError where it exists."""
    if Path(target).exists():
        raise RecipeError(f"'{target}' exists already; name another file")
    told = with_group_limits(text_of(recipe), limits)
    path = Path(target)
    path.write_text(told, "utf-8")
    try:
        check(load(path))
    except RecipeError:
        path.unlink()
        raise
