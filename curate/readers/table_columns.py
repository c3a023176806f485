"""What the columns of a table mean: by name (rules/columns.toml, English and French) and by content."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from curate.readers.roles import EVERY_OTHER, known_roles
from curate.readers.types import InputOptions, Unreadable

WHOLE_FILE = "*"
"""Given as the conversation_id column: the whole file is one conversation."""
_NAMEABLE = re.compile(r"[\w .°'’/()-]{1,40}")


@cache
def rules() -> Mapping[str, Any]:
    """rules/columns.toml as it stands."""
    return tomllib.loads(files("rules").joinpath("columns.toml").read_text("utf-8"))


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What a table holds: the schema, our column: theirs, and roles found in a column of directions."""

    schema: str
    columns: Mapping[str, str]
    roles: Mapping[str, str] = field(default_factory=dict)


def normal(name: str) -> str:
    """A column's name in the form that the rules use.

    >>> normal("N° de Ticket "), normal("createdAt"), normal("Réponse")
    ('n_de_ticket', 'created_at', 'reponse')
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    plain = unicodedata.normalize("NFKD", spaced.replace("°", "")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def distinct(header: Sequence[str]) -> list[str]:
    """The header with every name once: a repeated or empty one gets its number.

    >>> distinct(["id", "text", "text", ""])
    ['id', 'text', 'text (2)', 'column 4']
    """
    names: list[str] = []
    for place, name in enumerate(header, 1):
        name = name.strip() or f"column {place}"
        count, told = 1, name
        while told in names:
            count += 1
            told = f"{name} ({count})"
        names.append(told)
    return names


def find_meaning(
    header: Sequence[str], sample: Mapping[str, Sequence[str]], options: InputOptions
) -> Meaning:
    """What the table is: "messages" (a row per message), "pairs", or a column that holds whole conversations.

    `sample` has the first cells of each column as text, `options` what the user said of columns and format.
    Raises Unreadable with the columns named and the next step.
    """
    missing = [theirs for theirs in options.columns.values() if theirs not in header and theirs != WHOLE_FILE]
    if missing:
        raise Unreadable(f"no column '{missing[0]}' as [[input]] columns says; {_shown(header)}")
    found: dict[str, Meaning] = {}
    problems: list[str] = []
    for schema, find in (("messages", _messages), ("pairs", _pairs)):
        if options.format not in ("auto", schema) and not (options.format == "alpaca" and schema == "pairs"):
            continue
        answer = find(header, sample, options)
        if isinstance(answer, Meaning):
            found[schema] = answer
        else:
            problems.append(answer)
    if len(found) > 1 and "conversation_id" not in found["messages"].columns:
        del found["messages"]
    if len(found) > 1:
        raise Unreadable(
            f"ambiguous: could be {' or '.join(found)}; set format in [[input]]; {_shown(header)}"
        )
    if not found:
        raise Unreadable(f"{'; '.join(problems) or 'format does not fit a table'}; {_shown(header)}")
    meaning = next(iter(found.values()))
    if meaning.schema == "messages" and "conversation_id" not in meaning.columns:
        raise Unreadable(
            "no column tells which conversation a message belongs to; set conversation_id in columns of "
            f'[[input]], or "{WHOLE_FILE}" where the file is one conversation; {_shown(header)}'
        )
    return meaning


def _messages(
    header: Sequence[str], sample: Mapping[str, Sequence[str]], options: InputOptions
) -> Meaning | str:
    """A row per message: a text column, and a column that says the roles."""
    given = dict(options.columns)
    matched = {name: given.get(name) for name in ("text", "role")}
    text = matched["text"] or _first("messages", "text", header, taken=set(given.values()))
    if not text:
        return "no column of message texts (text, message, body, ...); set text in columns of [[input]]"
    taken = {*given.values(), text}
    role, roles = matched["role"], dict(options.roles)
    if not role:
        for name in _all("messages", "role", header, taken):
            more = _as_roles(sample[name], options.roles)
            if more is not None:
                role, roles = name, {**more, **options.roles}
                break
    elif not options.roles:
        roles = _as_roles(sample[role], {}) or {}
    if not role:
        return (
            "no column whose values are roles (user, agent, client, ...); set columns and roles in [[input]]"
        )
    columns = {"role": role, "text": text, **given}
    for name in ("conversation_id", "turn", "sent_at", "author"):
        if name not in columns:
            theirs = _first("messages", name, header, taken=set(columns.values()))
            if theirs:
                columns[name] = theirs
    return Meaning(schema="messages", columns=columns, roles=roles)


def _as_roles(values: Sequence[str], given: Mapping[str, str]) -> dict[str, str] | None:
    """Roles beyond the known ones if this column holds roles (half of its values at least), else None."""
    spoken = {value.strip().lower() for value in values if value.strip()}
    if not spoken:
        return None
    mine = {theirs.strip().lower() for theirs in given}
    directions = rules()["directions"]
    if all(value in directions or value in mine for value in spoken):
        return {value: directions[value] for value in spoken if value in directions}
    filled = [value.strip().lower() for value in values if value.strip()]
    known = sum(value in mine or value in known_roles() for value in filled)
    enough = known > 0 if EVERY_OTHER in mine else known * 2 >= len(filled)
    return {} if enough else None


def named(role: str, names: Sequence[str]) -> list[str]:
    """Those of the names that tell who is behind a role ("user", "assistant"), the surest first.

    >>> named("assistant", ["id", "Agent Name", "agent", "customer_name"])
    ['Agent Name', 'agent']
    """
    by_normal = {normal(name): name for name in reversed(names)}
    return [by_normal[name] for name in rules()["names"].get(role, ()) if name in by_normal]


def _pairs(
    header: Sequence[str], sample: Mapping[str, Sequence[str]], options: InputOptions
) -> Meaning | str:
    """A question and an answer in each row."""
    renamed = {"prompt": "user", "response": "assistant"}
    columns = {renamed.get(name, name): theirs for name, theirs in options.columns.items()}
    for name in ("instruction", "response", "prompt", "system", "conversation_id"):
        ours = renamed.get(name, name)
        if ours not in columns:
            theirs = _first("pairs", name, header, taken=set(columns.values()))
            if theirs:
                columns[ours] = theirs
    if "instruction" in columns:
        if "user" in columns:
            columns["input"] = columns.pop("user")
        columns["user"] = columns.pop("instruction")
    if "user" not in columns or "assistant" not in columns:
        return "no columns of questions and answers (prompt and response, ...)"
    return Meaning(schema="pairs", columns=columns)


def _all(group: str, ours: str, header: Sequence[str], taken: set[str]) -> list[str]:
    """Their columns that may be ours, in the order of the rules."""
    by_normal: dict[str, str] = {}
    for name in header:
        by_normal.setdefault(normal(name), name)
    usual = [by_normal[name] for name in rules()[group][ours] if name in by_normal]
    return [name for name in dict.fromkeys(usual) if name not in taken]


def _first(group: str, ours: str, header: Sequence[str], taken: set[str]) -> str:
    return next(iter(_all(group, ours, header, taken)), "")


def whole_column(header: Sequence[str]) -> str:
    """The column that may hold whole conversations in its cells, or ""."""
    return _first("whole", "conversation", header, set())


def _shown(header: Sequence[str]) -> str:
    """The columns by name; not where the first row looks like no header, for message text may stand there."""
    usual = {
        name
        for group in ("messages", "pairs", "whole")
        for names in rules()[group].values()
        for name in names
    }
    if not any(normal(name) in usual for name in header):
        return "the first row does not look like a header"
    names = [f"'{name}'" if _NAMEABLE.fullmatch(name) else "(no plain name)" for name in header[:20]]
    return f"columns: {', '.join(names)}{', ...' if len(header) > 20 else ''}"
