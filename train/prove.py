"""`train prove`: did curation help a model, and which pass earned its place?

Arms are trained on what a run read, on what it kept and on controls between, at the same number of target
tokens and from the same first weights, and scored on conversations that were held out before curation had a
say: as read, as curated, and on an outside file.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train import arms, gain, hub, models, plan, records, table, trial
from train.arms import Arm
from train.config import Config, changed
from train.errors import ConfigError, DataError, unknown
from train.gain import AS_READ
from train.proof import ArmFacts, Proof, concluded, pooled, proof
from train.split import Split, split
from train.trial import Array, Result

CONTROLS = ("random", "epochs", "passes")
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be proved, and how."""

    outs: tuple[str, ...]
    config: Config
    seeds: int = 3
    tokens: int = 0
    """Target tokens for each arm; 0: `epochs` of all that was read."""
    epochs: float = 1.0
    held_out: float = 0.1
    split_seed: int = 0
    controls: tuple[str, ...] = ("random", "epochs")
    passes: tuple[str, ...] = ()
    """Passes to leave out in turn; empty with the control `passes`: all that did something."""
    others: tuple[tuple[str, str], ...] = ()
    """Other tools' sets: (name, file)."""
    outside: str = ""
    trained: tuple[tuple[str, str], ...] = ()
    """Models trained elsewhere: (arm, folder); equal names are one arm's seeds, the first is the baseline."""
    workers: int = 0
    keep_models: bool = False


def prove(asked: Asked, to: str | Path, say: Say = lambda line: None) -> Proof:
    """Carry out what is asked; results of trials are kept in `to` and taken up again by a later call.

    Raises ConfigError and DataError for what cannot be used, LimitBrokenError where the leak gate closes.
    """
    began = time.perf_counter()
    check(asked)
    to = Path(to)
    to.mkdir(parents=True, exist_ok=True)
    out = asked.outs[0]
    chosen = split(out, asked.held_out, asked.split_seed)
    sets = plan.held_out(out, chosen, asked.outside)
    say(
        f"{len(chosen.away):,} of {chosen.conversations:,} conversations are held out, "
        f"{len(chosen.scored):,} different ones; "
        + ", ".join(f"{len(one):,} to score {name}" for name, one in sets.scored.items())
    )
    if not chosen.stored_pairs:
        say("the run stored no pairs of near-duplicates: only equal texts were kept together")
    with tempfile.TemporaryDirectory(prefix="tamis-prove-") as place:
        work = Path(place)
        if asked.trained:
            return of_models(asked, chosen, sets, began, say)
        made, left = build(asked, chosen, sets, work, say)
        how = plan.gate(made, sets, out)
        config, epoch = prepared(asked, made, to)
        budgets = plan.budgets_of(made, epoch, asked.tokens, asked.epochs)
        workers = asked.workers or trial.workers_for(device(config), len(made) * asked.seeds)
        if workers > 1:
            config = changed(config, "run", threads=1)
        todo = plan.trials(
            made, sets, config, budgets, range(asked.seeds), work, to / "trials", asked.keep_models
        )
        tell_cost(todo, made, sets, epoch, asked.seeds, workers, say)
        results: list[Result] = []
        for done in trial.run_all(todo, workers):
            results.append(done)
            say(f"{len(results)} of {len(todo)}: {done.arm}, seed {done.seed}, {done.seconds:.0f} s")
    return concluded(chosen, how, made, epoch, results, left, time.perf_counter() - began)


def check(asked: Asked) -> None:
    """Refuse what cannot be, before anything is read."""
    if not asked.outs:
        raise ConfigError("no run given; name the folder of a finished 'curate run'")
    if asked.seeds < 3 and not asked.trained:
        raise ConfigError(
            f"--seeds {asked.seeds}: with fewer than three, chance cannot be told from gain; "
            "'train demo' is for a quick look"
        )
    for name in asked.controls:
        if name not in CONTROLS:
            raise ConfigError(unknown("control", name, CONTROLS, "--controls"))
    for source in (path for _, path in asked.others):
        records.files(source)
    if asked.outside:
        records.files(asked.outside)
    for name in ("messages", "verdicts"):
        table.parts(asked.outs[0], name)
    for out in asked.outs[1:]:
        records.files(out)
    named = Counter(name for name, _ in asked.trained)
    if named and (len(named) < 2 or len(set(named.values())) > 1):
        raise ConfigError(
            "--trained needs two arms or more with as many models each, for example "
            "--trained raw=a/ --trained kept=b/"
        )
    for _, model in asked.trained:
        hub.reached(model)
    if asked.config.model.source and not asked.trained:
        models.check(asked.config)


def build(
    asked: Asked, chosen: Split, sets: plan.Sets, work: Path, say: Say
) -> tuple[list[Arm], dict[str, int]]:
    """The arms, raw first; and how many conversations other tools' sets lost to the held-out ones."""
    out = asked.outs[0]
    raw, kept = arms.raw(out, chosen), arms.kept(out, chosen)
    if not raw.conversations or not kept.conversations:
        raise DataError(f"nothing is left of {out} to train on beside what is held out; curate more")
    made, left = [raw, kept], {}
    if "random" in asked.controls:
        made.append(arms.random_drop(raw, kept.weight, asked.split_seed))
    if "epochs" in asked.controls:
        made.append(arms.equal_epochs(kept))
    if "passes" in asked.controls or asked.passes:
        manifest = json.loads((Path(out) / "manifest.json").read_text("utf-8"))
        for name, kind in arms.passes(manifest, asked.passes):
            arm = arms.left_out(out, chosen, name, kind, work)
            if arm.conversations == kept.conversations:
                say(f"{name} changed nothing beside the held-out conversations; it gets no arm")
                continue
            made.append(arm)
    extra = [(f"kept by {Path(one).name}", one) for one in asked.outs[1:]]
    for name, source in (*extra, *asked.others):
        arm, gone = arms.other(name, source, sets.away, chosen)
        left[name] = gone
        say(f"{name}: {gone:,} conversations left out for being held out, or near to what is")
        made.append(arm)
    names = Counter(arm.name for arm in made)
    if twice := [name for name, count in names.items() if count > 1]:
        raise ConfigError(f"two arms are called '{twice[0]}'; give them other names")
    return made, left


def prepared(asked: Asked, made: Sequence[Arm], to: Path) -> tuple[Config, dict[str, int]]:
    """The options with the tokenizer of all arms, and the targets of one epoch of each."""
    from train import terminal
    from train import tokenizer as tokenizers

    terminal.silence()
    config = asked.config
    source = plan.shared_tokenizer(made[0], config, to / "tokenizer")
    config = changed(config, "model", tokenizer=source)
    tokenizer = tokenizers.load(source, config.model.template)
    epoch = {arm.name: plan.targets_of(arm, tokenizer, config.data.stand_ins) for arm in made}
    return config, epoch


def device(config: Config) -> str:
    """Where the trials run."""
    from train.prepare import device_of

    return device_of(config)


def tell_cost(
    todo: Sequence[trial.Trial],
    made: Sequence[Arm],
    sets: plan.Sets,
    epoch: dict[str, int],
    seeds: int,
    workers: int,
    say: Say,
) -> None:
    """Say before the first step how long it will take and what it can show.

    To score a token costs a third of learning it: there is no backward pass.
    """
    heard = sum(arms.learned_bytes(one) for told in sets.scored.values() for one in told)
    to_score = heard / max(made[0].weight, 1) * epoch[made[0].name] / 3
    seconds = sum(one.budget + to_score for one in todo) * trial.seconds_per_target(todo[0]) / workers
    size = np.array([float(arms.learned_bytes(one)) for one in sets.scored[AS_READ]])
    least = gain.detectable(gain.count_of(size), seeds)
    say(
        f"{len(made)} arms, {seeds} seeds, {todo[0].budget:,} target tokens each: about "
        f"{hours(seconds)}, {workers} at a time, scoring included"
    )
    say(
        f"smallest gain that {len(size)} held-out conversations and {seeds} seeds would show four times "
        f"in five: about {least:.3f} bits per byte (planned with a spread of {gain.SPREAD} between "
        f"conversations and {gain.SEED_SPREAD} between seeds; what was measured is told at the end)"
    )


def hours(seconds: float) -> str:
    """A duration in hours, and in minutes where that is plainer.

    >>> hours(9000), hours(90)
    ('2.5 hours', '0.025 hours (2 minutes)')
    """
    told = f"{seconds / 3600:.2g} hours"
    return told if seconds >= 3600 else f"{told} ({math.ceil(seconds / 60)} minutes)"


def of_models(asked: Asked, chosen: Split, sets: plan.Sets, began: float, say: Say) -> Proof:
    """Models trained elsewhere, scored and compared; whether they saw what is held out is not known here."""
    from train import terminal
    from train.export import open_model
    from train.tokenizer import tokenizer_hash

    terminal.silence()
    sums: dict[str, list[dict[str, Array]]] = {}
    spelled: set[str] = set()
    exact = True
    for name, source in asked.trained:
        model, tokenizer = open_model(source, device(asked.config))
        spelled.add(tokenizer_hash(tokenizer))
        told = {}
        for one, conversations in sets.scored.items():
            told[one], sure = trial.score(model, tokenizer, list(conversations), asked.config.data.stand_ins)
            exact &= sure
        sums.setdefault(name, []).append(told)
        say(f"scored {name}: {source}")
    if len(spelled) > 1 and not exact:
        raise ConfigError(
            "the models' tokenizers differ and one is not byte-level, so that its bytes are estimates; "
            "compare models that share a tokenizer"
        )
    rows = {
        name: {one: np.stack([told[one] for told in group]) for one in sets.scored}
        for name, group in sums.items()
    }
    first, *rest = list(rows)
    facts = tuple(
        ArmFacts(
            name=name,
            says="trained elsewhere",
            conversations=0,
            epoch=0,
            targets=0,
            epochs=0.0,
            lost_share=0.0,
            loss=float("nan"),
            figures={one: pooled(told) for one, told in by_set.items()},
        )
        for name, by_set in rows.items()
    )
    compared = [(name, first, f"Is {name} better than {first}?") for name in rest]
    how = "not checked: what these models were trained on is not known here"
    return proof(chosen, how, facts, rows, compared, {}, time.perf_counter() - began)
