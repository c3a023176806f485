"""`train eval`: a model and a set from disk, its figures on the terminal and as JSON."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from train import figures, hub, records, table, terminal
from train.checks import run as checks
from train.checks import table as table_of_checks
from train.checks.run import Wanted
from train.compare import compare
from train.errors import ConfigError, DataError
from train.evaluate import Options, evaluate, scorer_of
from train.evaluated import Evaluation, from_dict

if TYPE_CHECKING:
    from rich.console import Console

CHOICES = {"stand_ins": ("mask", "learn"), "dtype": ("float32", "bfloat16")}


def run(
    console: Console,
    model: str,
    source: str,
    options: Options,
    *,
    to: str = "",
    against: str = "",
    trained_on: str = "",
    limit: int | None = None,
    asked: Wanted | None = None,
) -> Evaluation:
    """Evaluate a model on a set, print the figures, write them to `to`, compare them with those in `against`.

    Raises ConfigError and DataError for what cannot be used, NotComparableError where definitions differ, and
    LimitBrokenError where a near-duplicate of what the model was trained on is in the set.
    """
    from train.config import Config
    from train.export import open_model
    from train.prepare import device_of

    for name, allowed in CHOICES.items():
        if getattr(options, name) not in allowed:
            value = getattr(options, name)
            raise ConfigError(f"--{name.replace('_', '-')} {value}; allowed: {', '.join(allowed)}")
    check(model, source)
    earlier = read(against) if against else None
    conversations = table.with_places(list(records.read(source, limit)), source)
    if not any(message.learned for one in conversations for message in one.messages):
        raise DataError(f"nothing to score in {source}: no assistant message that is kept")
    if trained_on:
        from train import leak

        leak.stand(list(records.read(trained_on)), conversations)
    terminal.silence()
    network, tokenizer = open_model(model, device_of(Config()))
    told = evaluate(network, tokenizer, conversations, options, name=model)
    found = None
    if asked is not None and asked != Wanted():
        found = checks.run(scorer_of(network, tokenizer, options), asked, conversations, source)
        told = replace(told, checks=found.as_dict())
    if to:
        write(told, Path(to))
    figures.show(console, told)
    if found is not None:
        table_of_checks.show(console, found)
    if earlier is not None:
        figures.versus(console, compare(told, earlier), model, earlier.model)
    return told


def check(model: str, source: str) -> None:
    """ConfigError, before anything is read, where the model cannot be had or stands where the set should."""
    if Path(model).exists() and hub.is_model(source) and not hub.is_model(model):
        raise ConfigError(
            f"'{source}' is a model and '{model}' is none: the arguments seem swapped; "
            f"'train eval {source} {model}'"
        )
    hub.reached(model)


def read(path: str) -> Evaluation:
    """The evaluation in a file; DataError where it holds none."""
    try:
        return from_dict(json.loads(Path(path).read_text("utf-8")))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not what 'train eval --to' writes") from error


def write(told: Evaluation, path: Path) -> None:
    """Write an evaluation as JSON, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside.write_text(json.dumps(told.as_dict()), "utf-8")
    beside.replace(path)
