"""What `--set` and a configuration file may change: every option with its default and its meaning."""

from __future__ import annotations

import ast
import inspect
import json
from dataclasses import dataclass, fields
from typing import Any

from train.config import Config
from train.errors import ConfigError, unknown


@dataclass(frozen=True)
class Setting:
    """One option: `key` as `--set` takes it, `default` as TOML writes it, `meaning` in a sentence."""

    key: str
    default: str
    meaning: str


@dataclass(frozen=True)
class Section:
    """The options of one section of a configuration, and what the section is about."""

    name: str
    about: str
    settings: tuple[Setting, ...]


def sections(wanted: str = "") -> tuple[Section, ...]:
    """All sections in their order, or the one wanted; ConfigError for a name that is none.

    >>> sections("lora")[0].settings[0]
    Setting(key='lora.rank', default='0', meaning='Columns of an adapter; 0: none, every weight is trained.')
    """
    told = Config()
    names = [one.name for one in fields(Config)]
    if wanted and wanted not in names:
        raise ConfigError(unknown("section", wanted, names, "'train settings'"))
    return tuple(section(name, getattr(told, name)) for name in names if wanted in ("", name))


def section(name: str, told: Any) -> Section:
    """One section, from the defaults of its dataclass and the texts that stand under its fields."""
    meanings = described(type(told))
    return Section(
        name,
        inspect.cleandoc(type(told).__doc__ or ""),
        tuple(
            Setting(f"{name}.{one.name}", json.dumps(getattr(told, one.name)), meanings[one.name])
            for one in fields(told)
        ),
    )


def described(kind: type) -> dict[str, str]:
    """The text under each field of a dataclass, which Python itself does not keep; "" where there is none."""
    (body,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(body, ast.ClassDef)
    told: dict[str, str] = {}
    field = ""
    for line in body.body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            field = line.target.id
            told[field] = ""
        elif isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and field:
            told[field] = " ".join(str(line.value.value).split())
    return told
