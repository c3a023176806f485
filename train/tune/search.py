"""`train tune`: the learning rate, batch, budget and adapter rank with which held-out text costs fewest bits.

Settings are tried by Optuna or by successive halving, each in a training run of its own; the best two and the
configuration's own are then trained again on new seeds and told on conversations that no choice was made by.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from train import models, plan, records, trial
from train.arms import Arm
from train.config import Config, changed
from train.errors import ConfigError, DataError, unknown
from train.records import content_hash
from train.show import duration
from train.trial import CarryOut, Result, Trial
from train.tune import facts
from train.tune.facts import HELD_BACK, SEARCH, Tuned
from train.tune.halving import Attempt, Rung, halve, rungs
from train.tune.sides import Sides, sides
from train.tune.space import Point, Space, default, space
from train.tune.suggest import suggest, there

METHODS = ("auto", "optuna", "halving")
FINALISTS = 2
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is searched, and how far. Of `lr`, `batch`, `tokens`, `rank`: see `train.tune.space.space`."""

    source: str
    config: Config
    lr: str = ""
    batch: str = ""
    tokens: str = ""
    rank: str = ""
    trials: int = 9
    """The search costs as much as so many runs on the whole budget."""
    method: str = "auto"
    eta: int = 3
    rungs: int = 3
    seeds: int = 3
    held_out: float = 0.15
    split_seed: int = 0
    search_seed: int = 0
    workers: int = 0


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where attempts are carried out: files that all trials share, and what their results are made from."""

    config: Config
    train: str
    sets: dict[str, str]
    hashes: dict[str, str]
    folder: str

    def trial(self, point: Point, seed: int, sets: Sequence[str]) -> Trial:
        """A trial of a setting, scored on some sets; its name is what its result is made from."""
        config = point.on(self.config)
        hashes = [self.hashes["train"], *(f"{name} {self.hashes[name]}" for name in sets)]
        key = trial.key(config, point.tokens, hashes)
        return Trial(
            arm=key,
            seed=seed,
            budget=point.tokens,
            config=config.as_dict(),
            train=self.train,
            sets=tuple((name, self.sets[name]) for name in sets),
            folder=self.folder,
            key=key,
            prune=True,
        )


def tune(asked: Asked, to: str | Path, say: Say = lambda line: None) -> Tuned:
    """Carry out a search; results of trials stay in `to` and are taken up again by a later call.

    Raises ConfigError and DataError for what cannot be used, LimitBrokenError where the leak gate closes, and
    DataError where no setting came to a number.
    """
    check(asked)
    to = Path(to)
    parts = sides(asked.source, asked.held_out, asked.split_seed)
    config, budget = prepared(asked.config, parts, to)
    where = space(config, budget, lr=asked.lr, batch=asked.batch, budgets=asked.tokens, rank=asked.rank)
    if not where.searched:
        raise ConfigError(
            "nothing to search: give a range with --lr, or choices with --batch, --tokens, --rank"
        )
    own = default(config, budget if budget in where.tokens else where.tokens[-1])
    method = asked.method if asked.method != "auto" else "optuna" if there() else "halving"
    steps = rungs(asked.trials, asked.eta, asked.rungs) if method == "halving" else (Rung(asked.trials, 1.0),)
    say(
        f"{len(parts.train):,} conversations to train on, {len(parts.scored[SEARCH])} to choose by, "
        f"{len(parts.scored[HELD_BACK])} held back for the end"
    )
    device = device_of(config)
    most = max(one.runs for one in steps)
    workers = asked.workers or trial.workers_for(device, max(most, FINALISTS * asked.seeds))
    if device == "cpu" and not config.run.threads:
        config = changed(config, "run", threads=1)
    bench = laid_out(config, parts, to)
    tell_cost(bench, where, own, asked, steps, workers, say)
    with trial.side_by_side(workers) as carry_out:
        score = partial(scores, bench, carry_out, config.run.seed, say)
        search = (
            partial(halve, where, steps) if method == "halving" else partial(suggest, where, asked.trials)
        )
        attempts = search(asked.search_seed, score, [own])
        seeds = tuple(range(config.run.seed + 1, config.run.seed + 1 + asked.seeds))
        last = finals(attempts, own, len(steps) - 1)
        say(f"training {len(last)} settings anew on {len(seeds)} new seeds each")
        results = again(bench, carry_out, last, seeds)
    return concluded(method, where, budget, parts, attempts, results, last, seeds, steps)


def check(asked: Asked) -> None:
    """Refuse what cannot be, before anything is read."""
    if asked.method not in METHODS:
        raise ConfigError(unknown("method", asked.method, METHODS, "--method"))
    for name, least in (("trials", 1), ("seeds", 2), ("eta", 2), ("rungs", 1)):
        if getattr(asked, name) < least:
            raise ConfigError(f"--{name} {getattr(asked, name)} is too few; give {least} or more")
    if asked.rank and models.is_sizes(asked.config.model.source):
        raise ConfigError(
            f"--rank {asked.rank} with {asked.config.model.source}: adapters need a model with weights; give "
            "its folder with --model, or leave --rank out"
        )
    models.check(asked.config)
    records.files(asked.source)


def prepared(config: Config, parts: Sides, to: Path) -> tuple[Config, int]:
    """The options with the tokenizer of all trials, and the target tokens that they would train on."""
    from train import terminal
    from train import tokenizer as tokenizers

    terminal.silence()
    source = plan.shared_tokenizer(Arm("train", parts.train), config, to / "tokenizer")
    source = str(Path(source).resolve()) if Path(source).exists() else source
    config = changed(config, "model", tokenizer=source)
    optim = config.optim
    if optim.steps:
        return config, optim.steps * optim.tokens_per_step
    if optim.tokens:
        return config, optim.tokens
    tokenizer = tokenizers.load(source, config.model.template)
    return config, round(
        optim.epochs * plan.targets_of(Arm("", parts.whole), tokenizer, config.data.stand_ins)
    )


def device_of(config: Config) -> str:
    """Where the trials run."""
    from train import prepare

    return prepare.device_of(config)


def laid_out(config: Config, parts: Sides, to: Path) -> Bench:
    """The sides as files under `to`/trials."""
    place = to / "trials"
    place.mkdir(parents=True, exist_ok=True)
    told = {"train": parts.train, **parts.scored}
    files = {name: trial.put(some, place / f"{name.replace(' ', '-')}.pickle") for name, some in told.items()}
    hashes = {name: content_hash(some) for name, some in told.items()}
    sets = {name: files[name] for name in parts.scored}
    return Bench(config=config, train=files["train"], sets=sets, hashes=hashes, folder=str(place))


def tell_cost(
    bench: Bench, where: Space, own: Point, asked: Asked, steps: Sequence[Rung], workers: int, say: Say
) -> None:
    """Say before the first step how long it will take; not where an earlier search left results."""
    runs = sum(one.runs for one in steps)
    dear = asked.trials + (FINALISTS + 1) * asked.seeds
    told = f"{runs} runs that cost as {asked.trials} whole ones do, {workers} at a time"
    if any(Path(bench.folder).glob("*.json")):
        say(f"{told}; results of an earlier search are taken up")
        return
    seconds = trial.seconds_per_target(bench.trial(own, bench.config.run.seed, (SEARCH,)))
    most = duration(seconds * dear * where.tokens[-1] / workers)
    say(f"{told}, then {FINALISTS + 1} settings on {asked.seeds} new seeds: about {most} at most")


def scores(
    bench: Bench, carry_out: CarryOut, seed: int, say: Say, tried: Sequence[Attempt]
) -> Sequence[float]:
    """Bits per byte of each attempt on the half that the search looks at; NaN where it came to no number."""
    named = [(bench.trial(one.point, seed, (SEARCH,)), one.point) for one in tried]
    todo = {one.arm: (one, point) for one, point in named}  # a setting that was drawn twice is run once
    found: dict[str, float] = {}
    for done in carry_out([one for one, _ in todo.values()]):
        found[done.arm] = facts.bits(done, SEARCH)
        said = f"{found[done.arm]:.4f} bits per byte" if done.sums else "pruned: it came to no number"
        say(f"  {len(found)} of {len(todo)}: {todo[done.arm][1]}: {said}")
    return [found[one.arm] for one, _ in named]


def finals(attempts: Sequence[Attempt], own: Point, last: int) -> dict[str, Point]:
    """The settings to train anew by name: the best of those that had their whole budget, and the default."""
    whole = sorted(
        (one for one in attempts if one.rung == last and not one.pruned),
        key=lambda one: (one.score, one.number),
    )
    if not whole:
        raise DataError("no setting came to a number; search lower rates with --lr, or lower optim.clip")
    best = [one for one in dict.fromkeys(one.point for one in whole) if one != own][:FINALISTS]
    return {"default": own, **{f"found {n}": one for n, one in enumerate(best, 1)}}


def again(
    bench: Bench, carry_out: CarryOut, last: dict[str, Point], seeds: Sequence[int]
) -> dict[str, list[Result]]:
    """The results of the last settings on new seeds, seed by seed, scored on both halves."""
    todo = {
        (name, seed): bench.trial(point, seed, (SEARCH, HELD_BACK))
        for seed in seeds
        for name, point in last.items()
    }
    done = {(one.arm, one.seed): one for one in carry_out(list(todo.values()))}
    return {name: [done[todo[name, seed].arm, seed] for seed in seeds] for name in last}


def concluded(
    method: str,
    where: Space,
    budget: int,
    parts: Sides,
    attempts: Sequence[Attempt],
    results: dict[str, list[Result]],
    last: dict[str, Point],
    seeds: tuple[int, ...],
    steps: Sequence[Rung],
) -> Tuned:
    """The facts of a search that is done."""
    finalists = tuple(facts.finalist(name, point, results[name]) for name, point in last.items())
    chosen = facts.choice(finalists)
    if math.isnan(chosen.figure.value):
        raise DataError("no setting came to a number on new seeds; search lower rates with --lr")
    own = chosen.name == "default"
    return Tuned(
        method=method,
        searched=where.searched,
        space=where,
        budget=budget,
        trained=len(parts.train),
        scored={name: len(some) for name, some in parts.scored.items()},
        seeds=seeds,
        attempts=tuple(attempts),
        finalists=finalists,
        chosen=chosen,
        gain=None if own else facts.over_default(results[chosen.name], results["default"]),
        shares=tuple(one.share for one in steps),
        spent=sum(one.point.tokens for one in attempts),
    )
