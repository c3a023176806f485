"""The rule data of redaction, read from rules/pii.toml and checked whole."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from curate.errors import RecipeError

FILE = "rules/pii.toml"


@dataclass(frozen=True)
class SecretShape:
    """One shape of key or token: what to find, and how the cheap gate knows that it may be there."""

    name: str
    pattern: re.Pattern[str]
    start: str
    hints: tuple[str, ...]  # lower case; one of them stands in every match


@dataclass(frozen=True)
class Rules:
    """Every list and pattern of rules/pii.toml; words are folded: lower case, no accents."""

    regions: tuple[str, ...]
    words: dict[str, frozenset[str]]
    iban_lengths: dict[str, int]
    secrets: tuple[SecretShape, ...]
    shortest_token: int
    file_names: tuple[re.Pattern[str], ...]


LISTS = [
    "phone.before",
    "phone.after",
    "phone.not_after",
    "phone.listed",
    "phone.counted",
    "phone.drawn",
    "card.context",
    "nir.context",
    "siren.context",
    "ssn.context",
    "ip.public",
    "ip.not_after",
    "ip.followed",
    "ip.named",
    "ip.programs",
    "ip.changes",
    "ip.machines",
    "ip.at",
    "ip.after",
    "asked.request",
    "asked.phone",
    "asked.number",
    "asked.other",
    "asked.ip",
    "asked.ssn",
    "asked.nir",
    "asked.siren",
    "asked.card",
    "email.programs",
    "email.not_endings",
    "email.file_endings",
    "email.endings",
    "email.words",
    "url.tokens",
    "password.words",
    "name.roles",
    "name.teams",
    "name.assistants",
    "name.particles",
    "name.never_alone",
    "name.words",
    "name.calling",
    "name.plain",
    "name.fields",
]


@lru_cache(maxsize=1)
def rules() -> Rules:
    """The rules as shipped. Raises RecipeError that names file and key where one is missing or of a wrong
    type.
    """
    data = tomllib.loads(files("rules").joinpath("pii.toml").read_text(encoding="utf-8"))
    return Rules(
        regions=tuple(strings(data, "phone.regions")),
        words={key: frozenset(strings(data, key)) for key in LISTS},
        iban_lengths={str(country): int(length) for country, length in lookup(data, "iban.lengths").items()},
        secrets=tuple(secret_shape(entry, place) for place, entry in enumerate(lookup(data, "secret"))),
        shortest_token=int(lookup(data, "url.shortest")),
        file_names=tuple(compiled(text, "name.files") for text in strings(data, "name.files")),
    )


def lookup(data: dict[str, Any], key: str) -> Any:
    """The value at a dotted key."""
    value: Any = data
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            raise RecipeError(f"'{key}' is missing in {FILE}; put it back from the package")
        value = value[part]
    return value


def strings(data: dict[str, Any], key: str) -> list[str]:
    """The list of strings at a dotted key."""
    value = lookup(data, key)
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise RecipeError(f"'{key}' in {FILE} must be a list of strings")
    return value


def secret_shape(entry: dict[str, Any], place: int) -> SecretShape:
    """One [[secret]] table."""
    for key in ("name", "pattern", "start", "hints", "source", "date"):
        if key not in entry:
            raise RecipeError(f"[[secret]] number {place + 1} in {FILE} has no '{key}'")
    pattern = compiled(entry["pattern"], f"secret {entry['name']}")
    return SecretShape(entry["name"], pattern, entry["start"], tuple(strings(entry, "hints")))


def compiled(pattern: str, where: str) -> re.Pattern[str]:
    """The pattern, compiled; RecipeError where it is no regular expression."""
    try:
        return re.compile(pattern)
    except re.error as error:
        raise RecipeError(f"'{where}' in {FILE} is not a regular expression: {error.msg}") from None
