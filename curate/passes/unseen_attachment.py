"""Decider: messages with a picture, a sound or a file that the text does not show."""

from __future__ import annotations

import functools
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import resources
from typing import Any, ClassVar

import polars as pl

from curate.passes.base import Decider, Scope, Then

SAID = {
    "image": "an image that the text does not show",
    "sound": "a sound that the text does not show",
    "video": "a video that the text does not show",
    "file": "a file that the text does not show",
    "attachment": "an attachment that the text does not show",
}
SEVERAL = "attachments of several kinds that the text does not show"


@dataclass(frozen=True, kw_only=True)
class UnseenAttachment(Decider):
    """Decide against messages with an attachment that the text does not show; by default they are flagged.

    Pictures, sounds and files stay in `parts` (or in `extra`, where an export keeps them beside the message)
    and go to no training set: an answer to "What is wrong with this?" can then not be learned from the text
    alone. The reach is the exchange, so that `then = "mask"` takes the answer along. Calls of tools,
    reasoning and speech that was written down are no attachments. Fields and types: rules/attachments.toml.

    >>> parts = ['{"attachments":[{"type":"image_url"}]}', '{"tool_calls":[]}', None]
    >>> frame = pl.DataFrame({"parts": parts, "extra": [None] * 3}, schema_overrides={"extra": pl.String})
    >>> frame.select(UnseenAttachment().decide_when()).to_series().to_list()
    [True, False, False]
    """

    name: ClassVar[str] = "unseen_attachment"
    scope: Scope = "exchange"
    then: Then = "flag"

    def decide_when(self) -> pl.Expr:
        """Where a picture, a sound or a file stands beside the text."""
        return _said().is_not_null()

    def evidence(self) -> pl.Expr:
        """Of which kind it is."""
        return _said()


def attachments(parts: str | None, extra: str | None) -> set[str]:
    """Kinds of what a message holds beside its text, from its `parts` and `extra` (JSON): keys of `SAID`.

    >>> sorted(attachments('{"attachments":[{"type":"tool_use"},{"type":"image"}]}', '{"files":["a.pdf"]}'))
    ['file', 'image']
    """
    rules, found = _rules(), set()
    said: dict[str, Any] = json.loads(parts) if parts else {}
    beside: dict[str, Any] = json.loads(extra) if extra else {}
    within = beside.get("metadata")
    for read, fields in ((said, rules.parts), (beside, rules.extra), (within, rules.extra)):
        if isinstance(read, dict):
            found |= {kind for name in fields for kind in _kinds(read.get(name), name)}
    return found


@dataclass(frozen=True)
class _Rules:
    parts: tuple[str, ...]
    extra: tuple[str, ...]
    none: frozenset[str]
    seen: tuple[str, ...]
    kinds: tuple[tuple[str, re.Pattern[str]], ...]


@functools.cache
def _rules() -> _Rules:
    read = tomllib.loads(resources.files("rules").joinpath("attachments.toml").read_text("utf-8"))
    return _Rules(
        parts=tuple(read["parts"]),
        extra=tuple(read["extra"]),
        none=frozenset(read["none"]),
        seen=tuple(read["seen"]),
        kinds=tuple(
            (kind, re.compile("|".join(patterns), re.IGNORECASE)) for kind, patterns in read["kinds"].items()
        ),
    )


def _said() -> pl.Expr:
    """The sentence for each row, null where nothing is unseen."""
    return pl.map_batches(
        [pl.col("parts"), pl.col("extra")],
        lambda given: _sentences(given[0], given[1]),
        return_dtype=pl.String,
        is_elementwise=True,
    )


def _sentences(parts: pl.Series, extra: pl.Series) -> pl.Series:
    rules = _rules()
    may = pl.Series([False]).new_from_index(0, len(parts))
    for column, fields in ((parts, rules.parts), (extra, rules.extra)):
        names = "|".join(map(re.escape, fields))
        may |= column.str.contains(rf'"(?:{names})":').fill_null(value=False)
    out: list[str | None] = [None] * len(parts)
    for row in may.arg_true():
        kinds = attachments(parts[row], extra[row])
        if kinds:
            out[row] = SAID[kinds.pop()] if len(kinds) == 1 else SEVERAL
    return pl.Series(parts.name, out, dtype=pl.String)


def _kinds(value: Any, field: str) -> Iterator[str]:
    """Kinds of what a field holds; nothing for what is empty or says that it is."""
    if isinstance(value, list):
        for one in value:
            yield from _kinds(one, field)
    elif isinstance(value, dict):
        yield from _kinds_of_block(value, field)
    elif isinstance(value, str):
        if value.strip().lower() not in _rules().none:
            yield _kind(value, field)
    elif value:
        yield _kind(field)


def _kinds_of_block(block: dict[str, Any], field: str) -> Iterator[str]:
    type_of = str(block.get("type") or block.get("content_type") or "")
    if any(fnmatchcase(type_of, seen) for seen in _rules().seen):
        within = block.get("content")
        if isinstance(within, list):
            yield from _kinds([one for one in within if isinstance(one, dict)], field)
    elif block:
        media = next((block[key] for key in ("mime_type", "mimeType", "media_type") if block.get(key)), "")
        name = next((block[key] for key in ("name", "filename", "file_name", "url") if block.get(key)), "")
        yield _kind(str(media), type_of, str(name), field)


def _kind(*signs: str) -> str:
    """The first kind that the first telling sign fits."""
    for sign in signs:
        for kind, pattern in _rules().kinds:
            if sign and pattern.search(sign):
                return kind
    return "attachment"
