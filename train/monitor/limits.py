"""What counts as an alarm: defaults, and a TOML file that changes them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from train.errors import ConfigError, unknown


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How large a difference must be, beyond what chance explains, to be an alarm.

    Shares are told as differences of shares (0.05: five points), perplexity and length as logarithms of
    ratios (0.05: 5%), bits per byte as they are. 0 makes an alarm of every difference that is not chance.
    """

    family: float = 0.05
    """How often anything at all is told where nothing has changed."""
    least: int = 50
    """Different conversations on either side under which nothing is claimed."""
    events: int = 10
    """Conversations of both sides together that a share needs to be looked at."""
    scored: int = 1000
    """Conversations of either side that the model reads at most."""
    perplexity: float = 0.05
    bits: float = 0.05
    length: float = 0.10
    language: float = 0.05
    topic: float = 0.05
    toxicity: float = 0.02
    refusal: float = 0.02
    pii: float = 0.05
    group: float = 0.05


def load(path: str) -> Limits:
    """The limits of a TOML file; ConfigError for a key or a value that is not allowed."""
    try:
        told = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error
    return parse(told, path)


def parse(told: Mapping[str, Any], where: str) -> Limits:
    """Limits from a table.

    >>> parse({"language": 0.1}, "limits.toml").language
    0.1
    """
    known = {one.name: type(one.default) for one in fields(Limits)}
    for name, value in told.items():
        if name not in known:
            raise ConfigError(unknown("limit", name, known, where))
        whole = known[name] is int
        right = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not right or value < (2 if whole else 0) or (name == "family" and not 0 < value < 1):
            allowed = "a whole number from 2 on" if whole else "a number from 0 on (family: between 0 and 1)"
            raise ConfigError(f"{name} = {value!r} in {where} is not allowed; give {allowed}")
    return replace(Limits(), **told)
