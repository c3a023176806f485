"""Where the names of a conversation come from: authors, name fields, file names, a list from the user."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from typing import Any

import polars as pl

from curate.pii.detect import Settings
from curate.pii.kinds import Found
from curate.pii.leaves import leaves
from curate.pii.roster import Person, Roster, named, person
from curate.pii.rules import rules
from curate.pii.standins import STAND_IN


def people_rows(batch: pl.DataFrame, settings: Settings) -> pl.Series:
    """Rows that bring a name into their conversation: an author, a name field of the export, a file name."""
    nobody = pl.repeat(False, batch.height, eager=True)
    if "person" not in settings.kinds:
        return nobody
    found = nobody
    if batch["author"].null_count() < batch.height:
        pairs = batch.select("author", pl.col("role").cast(pl.String)).unique().drop_nulls()
        people = pairs.filter(pl.Series([any(person(*pair)) for pair in pairs.iter_rows()], dtype=pl.Boolean))
        keyed = batch.select("author", pl.col("role").cast(pl.String))
        found = found | keyed.join(
            people.with_columns(hit=True), on=["author", "role"], how="left", maintain_order="left"
        )["hit"].fill_null(False)
    if batch["extra"].null_count() < batch.height:
        found = found | batch["extra"].str.contains(fields_pattern()).fill_null(False)
        roles = batch["extra"].str.extract(r'"role":"([^"]+)"').str.strip_chars().str.to_lowercase()
        known = pl.Series(sorted(role_words()), dtype=pl.String)
        found = found | (~roles.is_in(known.implode())).fill_null(False)
    if batch["parts"].null_count() < batch.height:
        found = found | batch["parts"].str.contains('"name":', literal=True).fill_null(False)
    sources = [source for source in batch["source"].unique() if any(file_people(source))]
    return found | batch["source"].is_in(sources) if sources else found


@lru_cache(maxsize=1)
def role_words() -> frozenset[str]:
    """Words for roles: whatever else stands where a role is said is the name of somebody."""
    text = (resources.files("rules") / "roles.toml").read_text("utf-8")
    words = tomllib.loads(text)
    return frozenset(str(word).lower() for found in words.values() for word in all_words(found))


def all_words(found: object) -> Iterator[str]:
    """Every text in a table of rules, keys and values."""
    if isinstance(found, dict):
        for key, value in found.items():
            yield key
            yield from all_words(value)
    elif isinstance(found, list):
        for value in found:
            yield from all_words(value)
    elif isinstance(found, str):
        yield found


@lru_cache(maxsize=1)
def fields_pattern() -> str:
    """A Rust expression for JSON with a field that names someone."""
    return '(?i)"(?:' + "|".join(sorted(rules().words["name.fields"])) + r')"\s*:'


def file_people(source: str) -> list[Person]:
    """Whom a file is named after: `WhatsApp Chat with Jean Dupont.txt`.

    >>> [one.words for one in file_people("WhatsApp Chat with Jean Dupont.txt")]
    [('jean', 'dupont')]
    """
    return named(
        dict.fromkeys(
            match.group("name").strip() for shape in rules().file_names for match in shape.finditer(source)
        )
    )


def who(values: dict[str, list[Any]], rows: range, settings: Settings) -> tuple[Roster, dict[str, str]]:
    """The people of a conversation and, by author as written, the person who stands for it."""
    roster, authors = Roster(), {}
    if "person" not in settings.kinds:
        return roster, {}
    fields = rules().words["name.fields"]
    for row in rows:
        author, extra = values["author"][row], values["extra"][row]
        if author and author not in authors and not STAND_IN.fullmatch(author):
            main, only_sought = person(author, str(values["role"][row]))
            one = main or only_sought
            if one and not settings.keeps(Found(0, 0, "person", one.key), author):
                roster.add(one)
                if main:
                    authors[author] = roster.people[main.key].key
        speaker = speaker_name(values["parts"][row])
        if speaker and not STAND_IN.search(speaker):
            main, _ = person(speaker, str(values["role"][row]))
            if main:
                roster.add(main)
        if extra and '"' in extra:
            for leaf in leaves(extra, True):
                named_role = leaf.field == "role" and leaf.text.strip().lower() not in role_words()
                if (
                    (named_role or leaf.field.lower() in fields)
                    and not leaf.number
                    and not STAND_IN.search(leaf.text)
                ):
                    main, _ = person(leaf.text, "user") if len(leaf.text) < 80 else (None, None)
                    if main:
                        roster.add(main)
    for source in dict.fromkeys(values["source"][row] for row in rows):
        for one in file_people(source):
            roster.add(one)
    for one in named(settings.names):
        roster.add(one)
    return roster, authors


def speaker_name(parts: str | None) -> str | None:
    """Who speaks, where the export's `name` of a message says so (tools' names are not people's).

    >>> speaker_name('{"name": "Ann Lee"}'), speaker_name('{"tool_call_id": "1", "name": "search"}')
    ('Ann Lee', None)
    """
    if not parts or '"name":' not in parts:
        return None
    told = json.loads(parts)
    name = told.get("name") if isinstance(told, dict) and "tool_call_id" not in told else None
    return name if isinstance(name, str) else None
