"""Settings that Optuna suggests (Akiba et al. 2019): its tree-structured Parzen estimator, in whole rounds.

A round is asked for before any of it is told, so that it can run side by side and the search is the same
whatever finishes first. Nothing is stored of Optuna's: asked and told the same again, it says the same again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from train.errors import ConfigError
from train.tune.halving import Attempt, Score, scored
from train.tune.space import Point, Space

ROUND = 4
"""Settings asked for at once: as many runs go side by side, and the search learns after each round."""
SUGGESTED = ("batch", "tokens", "rank")


def there() -> bool:
    """Whether Optuna is installed."""
    from importlib.util import find_spec

    return find_spec("optuna") is not None


def suggest(space: Space, trials: int, seed: int, score: Score, first: Sequence[Point] = ()) -> list[Attempt]:
    """Every attempt of the search in order, each on its whole budget; ConfigError without Optuna."""
    try:
        import optuna
    except ImportError as error:
        raise ConfigError(
            "--method optuna needs the package optuna; 'pip install tamis[tune]', or take --method halving"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(ROUND, trials // 4))
    study = optuna.create_study(sampler=sampler, direction="minimize")
    for one in first:
        if space.holds(one):
            study.enqueue_trial({"lr": one.lr, **{name: getattr(one, name) for name in SUGGESTED}})
    made: list[Attempt] = []
    while len(made) < trials:
        asked = [study.ask() for _ in range(min(ROUND, trials - len(made)))]
        points = [point_of(one, space) for one in asked]
        tried = [Attempt(len(made) + n, 0, point, point) for n, point in enumerate(points)]
        found = scored(tried, score(tried))
        for drawn, told in zip(asked, found, strict=True):
            if told.pruned:
                study.tell(drawn, state=optuna.trial.TrialState.PRUNED)
            else:
                study.tell(drawn, told.score)
        made += found
    return made


def point_of(asked: Any, space: Space) -> Point:
    """The setting that a trial of Optuna's suggests; the rate with four digits, as it is written down."""
    rate = asked.suggest_float("lr", *space.lr, log=True)
    low, high = space.lr
    chosen = [asked.suggest_categorical(name, list(getattr(space, name))) for name in SUGGESTED]
    return Point(min(max(float(f"{rate:.4g}"), low), high), *chosen)
