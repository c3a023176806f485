"""`train prove` as a command: options to arms, findings to the terminal, JSON and a page."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train.config import Config, changed, from_dict, with_sets
from train.errors import ConfigError
from train.proof import Proof
from train.prove import Asked, check, prove

if TYPE_CHECKING:
    from rich.console import Console

SIZES = {
    "model_type": "llama",
    "hidden_size": 128,
    "intermediate_size": 352,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 1024,
    "tie_word_embeddings": True,
}
"""The model where none is given: about a million weights from scratch, a measuring stick."""


def run(
    console: Console, asked: Asked, to: str | Path, *, model: str = "", sets: Sequence[str] = ()
) -> Proof:
    """Prove, print, and write `prove.json` and `prove.html` to `to`."""
    from dataclasses import replace

    from train import prove_page, prove_table

    to = Path(to)
    told = changed(asked.config, "model", source=model) if model else asked.config
    check(replace(asked, config=with_sets(told, sets)))
    to.mkdir(parents=True, exist_ok=True)
    asked = replace(asked, config=with_sets(configured(told, to), sets))
    found = prove(asked, to, console.print)
    put(to / "prove.json", json.dumps(plain(found.as_dict()), ensure_ascii=False, indent=1))
    put(to / "prove.html", prove_page.render(found))
    prove_table.show(console, found)
    console.print(f"{to / 'prove.html'} tells it with intervals drawn; prove.json holds the numbers")
    return found


def configured(config: Config, to: Path) -> Config:
    """The options given; where they name no model, the small one from scratch with a rate that suits it."""
    if config.model.source:
        return config
    sizes = to / "config.json"
    put(sizes, json.dumps(SIZES))
    told = {
        "model": {"source": str(sizes), "vocabulary": 4096},
        "data": {"max_length": 1024},
        "optim": {"lr": 3e-3, "tokens_per_step": 1024, "warmup": 0.05},
    }
    return from_dict(told, "the small model")


def named(given: Sequence[str], option: str) -> tuple[tuple[str, str], ...]:
    """NAME=PATH pairs; a path alone is called by its last part.

    >>> named(["raw=a/", "models/kept/"], "--trained")
    (('raw', 'a/'), ('kept', 'models/kept/'))
    """
    pairs = [
        (name, path) if equals else (Path(name).name, name)
        for name, equals, path in (one.partition("=") for one in given)
    ]
    if not all(name and path for name, path in pairs):
        raise ConfigError(f"{option} takes NAME=PATH, for example {option} other=other.jsonl")
    return tuple(pairs)


def plain(value: Any) -> Any:
    """The value as JSON can hold it: no NaN, no sets."""
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def put(path: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, "utf-8", "replace")
    beside.replace(path)
