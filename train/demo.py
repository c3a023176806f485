"""`train demo`: does curation help a model? Answered on any laptop, with nothing downloaded, in minutes."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from train import arms, gain, invented, plan, trial
from train.config import Config, from_dict
from train.errors import DataError
from train.gain import AS_READ, OUTSIDE, Gain
from train.intervals import Interval, ratio, resampled
from train.leak import leaks
from train.records import Conversation, read
from train.split import Split, split
from train.trial import Result

SIZES = {
    "model_type": "llama",
    "hidden_size": 96,
    "intermediate_size": 256,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 512,
    "tie_word_embeddings": True,
}
"""The model: half a million weights. A measuring stick, not a chatbot."""
CONVERSATIONS = 2000
TOKENS = 60_000
"""Target tokens that each arm sees."""
SEEDS = (0, 1)
HELD_OUT = 0.15
OUTSIDE_CONVERSATIONS = 200


@dataclass(frozen=True, kw_only=True)
class Demo:
    """What the demo found. `figures`: (arm, set, seed) to bits per byte over conversations."""

    invented: bool
    read: int
    kept: int
    split: Split
    scored: dict[str, int]
    targets: int
    figures: dict[tuple[str, str, int], Interval]
    gains: dict[str, Gain]
    losses: dict[tuple[str, int], float]
    epochs: dict[str, float]
    seconds: float

    @property
    def says(self) -> str:
        """better, worse, mixed or not shown, on what curation did not write, in every seed."""
        return gain.verdict({name: one.in_every_seed for name, one in self.gains.items()})

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "invented": self.invented,
            "read": self.read,
            "kept": self.kept,
            "scored": self.scored,
            "targets": self.targets,
            "epochs": self.epochs,
            "bits_per_byte": [
                {"arm": arm, "scored_on": name, "seed": seed, **vars(told)}
                for (arm, name, seed), told in self.figures.items()
            ],
            "gains": [
                {"scored_on": name, **vars(told.interval), "by_seed": [vars(one) for one in told.by_seed]}
                for name, told in self.gains.items()
            ],
            "verdict": self.says,
            "seconds": round(self.seconds, 1),
        }


Say = Callable[[str], None]


def demo(
    inputs: Sequence[str] = (),
    *,
    tokens: int = TOKENS,
    conversations: int = CONVERSATIONS,
    seeds: Sequence[int] = SEEDS,
    workers: int = 0,
    say: Say = lambda line: None,
) -> Demo:
    """Curate logs (invented ones where none are given), train on raw and on curated, score both.

    Same tokenizer, first weights, number of target tokens; held-out conversations that no arm saw, nor their
    near-duplicates. Everything is written to a temporary folder and gone afterwards.
    """
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="tamis-demo-") as place:
        folder = Path(place)
        out = folder / "out"
        counts = curated(inputs, folder, out, conversations)
        chosen = split(out, HELD_OUT, seed=0)
        raw, kept = arms.raw(out, chosen), arms.kept(out, chosen)
        sets = plan.held_out(out, chosen)
        if not inputs:
            sets.scored[OUTSIDE] = flawless(folder, (*raw.conversations, *kept.conversations))
        say(
            f"{counts['conversations']:,} conversations read, {counts['kept']:,} kept; "
            f"{len(sets.scored[AS_READ])} of {chosen.clusters:,} different ones held out"
        )
        if not kept.conversations or not raw.conversations:
            raise DataError("nothing is left to train on beside what is held out; give more logs")
        plan.gate([raw, kept], sets, out)
        config = configured(folder, raw)
        budgets = {arm.name: tokens for arm in (raw, kept)}
        todo = plan.trials([raw, kept], sets, config, budgets, seeds, folder / "work", folder / "runs")
        workers = workers or trial.workers_for("cpu", len(todo))
        say(f"training {len(todo)} models on {tokens:,} target tokens each, {workers} at a time …")
        results = []
        for done in trial.run_all(todo, workers):
            results.append(done)
            say(f"  {done.arm}, seed {done.seed}: {done.steps} steps in {done.seconds:.0f} s")
        return summed(results, counts, chosen, not inputs, tokens, time.perf_counter() - began)


def curated(inputs: Sequence[str], folder: Path, out: Path, conversations: int) -> dict[str, int]:
    """Curate the logs into `out`; the run's counts."""
    from curate import runs
    from curate.errors import TamisError

    given = list(inputs) or [str(invented.write(folder / "logs" / "invented.jsonl", conversations))]
    try:
        done = runs.run(given, str(out), workers=1)
    except TamisError as error:
        raise DataError(str(error)) from error
    counts: dict[str, int] = done.manifest["counts"]
    return counts


def flawless(folder: Path, trained: Sequence[Conversation]) -> tuple[Conversation, ...]:
    """Invented conversations as they were meant: without flaws, never curated, never trained on."""
    told = list(read(invented.write(folder / "outside.jsonl", OUTSIDE_CONVERSATIONS, seed=1, flaws=False)))
    told = [replace(one, id=f"outside-{n}") for n, one in enumerate(told)]
    near = {one.evaluated for one in leaks(trained, told)[0]}
    return tuple(one for one in told if one.id not in near)


def configured(folder: Path, raw: arms.Arm) -> Config:
    """The options of both arms."""
    sizes = folder / "config.json"
    sizes.write_text(json.dumps(SIZES), "utf-8")
    told: dict[str, dict[str, Any]] = {
        "model": {"source": str(sizes), "vocabulary": 2048},
        "data": {"max_length": 512},
        "optim": {"lr": 4e-3, "tokens_per_step": 512, "warmup": 0.05, "weight_decay": 0.05},
        "run": {"device": "cpu", "threads": 1, "rows": 2},
    }
    config = from_dict(told, "the demo")
    tokenizer = plan.shared_tokenizer(raw, config, folder / "tokenizer")
    told["model"]["tokenizer"] = tokenizer
    return from_dict(told, "the demo")


def summed(
    results: Sequence[Result],
    counts: dict[str, int],
    chosen: Split,
    made_up: bool,
    tokens: int,
    seconds: float,
) -> Demo:
    """The results as figures and gains."""
    by_arm = {
        arm: sorted((one for one in results if one.arm == arm), key=lambda one: one.seed)
        for arm in (arms.RAW, arms.KEPT)
    }
    stacked = {
        (arm, name): np.stack([one.sums[name] for one in told])
        for arm, told in by_arm.items()
        for name in told[0].sums
    }
    return Demo(
        invented=made_up,
        read=counts["conversations"],
        kept=counts["kept"],
        split=chosen,
        scored={name: rows.shape[1] for (arm, name), rows in stacked.items() if arm == arms.RAW},
        targets=tokens,
        figures={
            (one.arm, name, one.seed): bits(one.sums[name])
            for told in by_arm.values()
            for one in told
            for name in one.sums
        },
        gains={
            name: gain.gain(arms.KEPT, arms.RAW, name, stacked[arms.KEPT, name], stacked[arms.RAW, name])
            for name in results[0].sums
        },
        losses={(one.arm, one.seed): one.loss for one in results},
        epochs={arm: float(np.mean([one.epochs for one in told])) for arm, told in by_arm.items()},
        seconds=seconds,
    )


def bits(sums: Any) -> Interval:
    """Bits per byte over conversations, with the interval of drawing them again."""
    again = resampled(sums[:, 2:])
    return ratio(sums[:, 2], sums[:, 3], again, scale=1 / float(np.log(2)))
