"""The curated set as conversations: a run's folder, Parquet or JSONL, read in order, a piece at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from train.errors import DataError

ROLES = ("system", "user", "assistant", "tool")
"""The roles of a message."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: what was said, and whether an assistant's is learned (`weight` 0: shown only)."""

    role: str
    content: str
    weight: int | None = None
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    tool_call_id: str | None = None
    name: str | None = None

    @property
    def learned(self) -> bool:
        """Whether it takes part in the loss."""
        return self.role == "assistant" and self.weight != 0


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation: its id, messages, tool definitions, and the measures that curation gave it."""

    id: str
    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...] = ()
    measures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def repeat(self) -> int:
        """How often it counts in an epoch: the `repeat` of curation's `balance`, else once.

        Raises DataError where that is no whole number from 1 on.
        """
        told = self.measures.get("repeat")
        if told is None:
            return 1
        if isinstance(told, bool) or not isinstance(told, int) or told < 1:
            raise DataError(
                f"conversation {self.id} has repeat {told!r}; it must be a whole number from 1 on, or absent"
            )
        return told


def conversation(
    id_: str, turns: Iterable[tuple[str, str] | tuple[str, str, int | None]], **measures: Any
) -> Conversation:
    """A conversation from (role, content[, weight]) tuples.

    >>> conversation("a", [("user", "Hi"), ("assistant", "Hello", 0)]).messages[1].learned
    False
    """
    return Conversation(id_, tuple(Message(*turn) for turn in turns), measures=measures)


def read(source: str | Path, limit: int | None = None) -> Iterator[Conversation]:
    """The conversations of a run's folder (its `curated/`), a folder of Parquet, a Parquet or a JSONL file.

    Raises DataError where there is nothing to read or a record has not the form of a conversation.
    """
    return islice(_read(source), limit)


def _read(source: str | Path) -> Iterator[Conversation]:
    for path in files(source):
        rows = parquet_rows(path) if path.suffix == ".parquet" else json_rows(path)
        for number, row in rows:
            yield from_row(row, path, number)


def files(source: str | Path) -> list[Path]:
    """The files that hold the curated set, in order."""
    source = Path(source)
    if source.is_file():
        if source.suffix not in (".parquet", ".jsonl", ".json", ".ndjson"):
            raise DataError(
                f"{source} is neither Parquet nor JSONL; give a run's folder, *.parquet or *.jsonl"
            )
        return [source]
    if (source / "train.json").exists():  # its log.jsonl is no set
        raise DataError(
            f"{source} is a training run, not a curated set; give the folder of a finished 'curate run', a "
            "Parquet or a JSONL file"
        )
    for place in (source / "curated", source):
        for pattern in ("*.parquet", "*.jsonl"):
            if found := sorted(place.glob(pattern)):
                return found
    raise DataError(
        f"no curated set at {source}; give the folder of a finished 'curate run', a Parquet or a JSONL file"
    )


def parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows of a Parquet file with their 1-based numbers."""
    from pyarrow import ArrowException, parquet  # type: ignore[import-untyped]

    try:
        file = parquet.ParquetFile(path)
    except (ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet; is it whole?") from error
    number = 0
    for batch in file.iter_batches(batch_size=1024):
        for row in batch.to_pylist():
            number += 1
            yield number, row


def json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Objects of a JSONL file with their 1-based line numbers; empty lines are passed over."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise DataError(f"{path} line {number} is not a JSON object; each line holds a conversation")
            yield number, row


def from_row(row: Mapping[str, Any], path: Path, number: int) -> Conversation:
    """A conversation from a curated row (`messages` of role and content; other keys are measures)."""
    told = row.get("messages")
    if not isinstance(told, list) or not told:
        raise DataError(f"{path} record {number} has no 'messages'; write one conversation per record")
    tools = row.get("tools") or ()
    if isinstance(tools, str):
        tools = json.loads(tools)
    return Conversation(
        str(row.get("conversation_id") or f"{path.name}:{number}"),
        tuple(message_of(entry, path, number) for entry in told),
        tuple(tools),
        {name: value for name, value in row.items() if name not in ("conversation_id", "messages", "tools")},
    )


def message_of(told: Any, path: Path, number: int) -> Message:
    """One message; DataError on a role that is not known."""
    role = told.get("role") if isinstance(told, Mapping) else None
    if role not in ROLES:
        raise DataError(f"{path} record {number} has a role that is not one of {', '.join(ROLES)}")
    calls = told.get("tool_calls") or ()
    return Message(
        role,
        told.get("content") or "",
        told.get("weight"),
        tuple(calls),
        told.get("tool_call_id"),
        told.get("name"),
    )


def content_hash(conversations: Iterable[Conversation]) -> str:
    """16 hex digits of what is trained on: ids, roles, texts, weights, tools, repeats, in order.

    >>> one = conversation("a", [("user", "Hi")])
    >>> content_hash([one]) == content_hash([conversation("a", [("user", "Hi")])])
    True
    """
    digest = hashlib.sha256()
    for one in conversations:
        told: list[Any] = [
            one.id,
            [(m.role, m.content, m.weight, m.tool_calls, m.tool_call_id, m.name) for m in one.messages],
        ]
        if one.repeat > 1:
            told.append(one.repeat)
        digest.update(json.dumps([told, one.tools], ensure_ascii=False, sort_keys=True, default=str).encode())
    return digest.hexdigest()[:16]
