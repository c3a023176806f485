"""What arms have in common: the sets to score on, one tokenizer, one budget; checked before any step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train import leak, records, table, trial
from train.arms import Arm
from train.config import Config
from train.errors import DataError
from train.gain import AS_CURATED, AS_READ, OUTSIDE
from train.records import Conversation
from train.split import Split
from train.trial import Trial

FEWEST = 5
"""Fewer held-out conversations give no interval."""


@dataclass(frozen=True)
class Sets:
    """What every arm is scored on, by name; `away` are all held-out conversations, both ways."""

    scored: dict[str, tuple[Conversation, ...]]
    away: tuple[Conversation, ...]


def held_out(out: str | Path, split: Split, outside: str = "") -> Sets:
    """The held-out conversations as read and as curated, one of each cluster; and an outside file.

    DataError where fewer than five are left to score.
    """
    raw = [one for one in table.as_read(out) if one.id in split.away]
    curated = [one for one in records.read(out) if one.id in split.away]
    told = {
        AS_READ: answered(one for one in raw if one.id in split.scored),
        AS_CURATED: one_each(answered(curated), split),
    }
    if outside:
        told[OUTSIDE] = answered(records.read(outside))
    for name, one in told.items():
        if len(one) < FEWEST:
            raise DataError(
                f"{len(one)} held-out conversations to score {name}; at least {FEWEST} are needed: hold "
                "out a larger share with --held-out, or curate more"
            )
    return Sets(told, (*raw, *curated))


def one_each(conversations: Sequence[Conversation], split: Split) -> tuple[Conversation, ...]:
    """One conversation of each cluster: the one that is scored as read, or the first that was kept.

    Several of a cluster say nearly the same, and would be counted as independent.
    """
    found: dict[int, Conversation] = {}
    for one in conversations:
        number = split.cluster[one.id]
        if number not in found or one.id in split.scored:
            found[number] = one
    return tuple(found.values())


def answered(conversations: Any) -> tuple[Conversation, ...]:
    """Those in which something is scored."""
    return tuple(one for one in conversations if any(m.learned and m.content for m in one.messages))


def gate(arms: Sequence[Arm], sets: Sets, out: str | Path | None = None) -> str:
    """Stop where an arm trains on what is scored; how it was looked for."""
    how = ""
    for arm in arms:
        for name, one in sets.scored.items():
            how = leak.stand(arm.conversations, one, None if name == OUTSIDE else out)
    return how


def shared_tokenizer(whole: Arm, config: Config, folder: Path) -> str:
    """The tokenizer of all arms: the model's own, or one trained on all that was read.

    The latter is the choice that favours curation least: markup and copies earn entries of their own.
    """
    from train.models import is_sizes
    from train.tokenizer import train_bpe

    if config.model.tokenizer or not is_sizes(config.model.source):
        return config.model.tokenizer or config.model.source
    texts = (message.content for one in whole.conversations for message in one.messages)
    train_bpe(texts, config.model.vocabulary).save_pretrained(folder)
    return str(folder)


def targets_of(arm: Arm, tokenizer: Any, stand_ins: str) -> int:
    """Target tokens of an arm in one epoch."""
    from train.prepare import render_all

    return sum(one.targets for one in render_all(tokenizer, arm.conversations, stand_ins))


def trials(
    arms: Sequence[Arm],
    sets: Sets,
    config: Config,
    budgets: dict[str, int],
    seeds: Sequence[int],
    work: Path,
    folder: Path,
    keep: bool = False,
) -> list[Trial]:
    """Every arm with every seed, seed by seed, so that the first comparisons come early."""
    scored = tuple(
        (name, trial.put(one, work / f"set-{n}.pickle")) for n, (name, one) in enumerate(sets.scored.items())
    )
    files = {arm.name: trial.put(arm.conversations, work / f"arm-{n}.pickle") for n, arm in enumerate(arms)}
    values = list(sets.scored.values())
    keys = {arm.name: trial.key_of(config, budgets[arm.name], arm.conversations, values) for arm in arms}
    folder.mkdir(parents=True, exist_ok=True)
    return [
        Trial(
            arm=arm.name,
            seed=seed,
            budget=budgets[arm.name],
            config=config.as_dict(),
            train=files[arm.name],
            sets=scored,
            folder=str(folder),
            key=keys[arm.name],
            keep=keep,
        )
        for seed in seeds
        for arm in arms
    ]


def budgets_of(arms: Sequence[Arm], epoch: dict[str, int], tokens: int, epochs: float) -> dict[str, int]:
    """Target tokens for each arm: the same for all, but as many epochs as another arm for those that say so.

    `epoch`: targets of one epoch of each arm; `tokens` 0: `epochs` of the first arm.

    >>> one, two = Arm("raw", ()), Arm("kept, equal epochs", (), epochs_of="raw")
    >>> budgets_of([one, two], {"raw": 100, "kept, equal epochs": 60}, 200, 1)
    {'raw': 200, 'kept, equal epochs': 120}
    """
    whole = tokens or round(epochs * epoch[arms[0].name])
    return {
        arm.name: round(whole * epoch[arm.name] / epoch[arm.epochs_of]) if arm.epochs_of else whole
        for arm in arms
    }
