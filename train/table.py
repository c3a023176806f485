"""The message table of a curation run, read as training reads it: by pyarrow, a conversation at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from train.errors import DataError
from train.records import ROLES, Conversation, Message

TEXTS = ("conversation_id", "turn", "role", "text", "original", "parts", "changed_by", "extra")


def parts(out: str | Path, folder: str) -> list[Path]:
    """The parts of a run's folder in order; DataError where there are none."""
    found = sorted((Path(out) / folder).glob("part-*.parquet"))
    if not found:
        raise DataError(f"no {folder}/ in {out}; give the folder of a finished 'curate run'")
    return found


def rows(path: Path, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file with some of its columns."""
    from pyarrow import parquet  # type: ignore[import-untyped]

    file = parquet.ParquetFile(path)
    present = [name for name in columns if name in file.schema_arrow.names]
    for batch in file.iter_batches(batch_size=8192, columns=present):
        yield from batch.to_pylist()


def groups(path: Path, columns: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
    """The rows of a part of the table by conversation: a new one at each turn 0 and each change of id."""
    waiting: list[dict[str, Any]] = []
    for row in rows(path, columns):
        if waiting and (row["turn"] == 0 or row["conversation_id"] != waiting[-1]["conversation_id"]):
            yield waiting
            waiting = []
        waiting.append(row)
    if waiting:
        yield waiting


def as_read(out: str | Path, undone: str | None = None) -> Iterator[Conversation]:
    """Every conversation that a run read, whatever was decided: texts as read, private values replaced.

    `undone`: only what this rewrite changed is as read, everything else as it stands now; what other rewrites
    changed too cannot be told apart and stays as it is.
    """
    for path in parts(out, "messages"):
        for group in groups(path, TEXTS):
            yield Conversation(
                group[0]["conversation_id"],
                tuple(message_of(row, undone) for row in group),
                tools_of(group),
            )


def as_kept(out: str | Path, undone: str | None = "") -> Iterator[Conversation]:
    """The conversations that a run kept, from the message table and its verdicts; what is masked weighs 0.

    `undone` is that of `as_read`; by default every text is as curated.
    """
    for texts, told in zip(parts(out, "messages"), parts(out, "verdicts"), strict=True):
        verdicts = rows(told, ("verdict",))
        for group in groups(texts, TEXTS):
            judged = [(row, next(verdicts)["verdict"]) for row in group]
            messages = tuple(
                weighed(message_of(row, undone), verdict) for row, verdict in judged if verdict != "drop"
            )
            if messages:
                yield Conversation(group[0]["conversation_id"], messages, tools_of(group))


def weighed(message: Message, verdict: str) -> Message:
    """The message as the curated set has it: an assistant's that is masked weighs 0."""
    return replace(message, weight=0) if verdict == "mask" and message.role == "assistant" else message


def message_of(row: dict[str, Any], undone: str | None) -> Message:
    """A message of the table."""
    told = json.loads(row["parts"]) if row.get("parts") else {}
    calls = told.get("tool_calls") if isinstance(told.get("tool_calls"), list) else []
    name, call_id = told.get("name"), told.get("tool_call_id")
    back = undone is None or (row.get("changed_by") or "").split() == [undone]
    original = row.get("original")
    return Message(
        row["role"] if row["role"] in ROLES else "user",
        original if back and original is not None else row["text"],
        None,
        tuple(call_of(call) for call in calls or []),
        call_id if isinstance(call_id, str) else None,
        name if isinstance(name, str) else None,
    )


def call_of(call: Any) -> dict[str, Any]:
    """A tool call in OpenAI's form; arguments as JSON text."""
    call = call if isinstance(call, dict) else {}
    function = call.get("function") if isinstance(call.get("function"), dict) else call
    arguments = function.get("arguments")
    told = arguments if isinstance(arguments, str) or arguments is None else json.dumps(arguments)
    named = {"name": function.get("name"), "arguments": told}
    return {"id": call.get("id"), "type": call.get("type") or "function", "function": named}


def tools_of(group: Sequence[dict[str, Any]]) -> tuple[Any, ...]:
    """The tool definitions that the export gave with a conversation."""
    for row in group:
        if row.get("extra") and '"tools"' in row["extra"]:
            found = json.loads(row["extra"]).get("tools")
            found = json.loads(found) if isinstance(found, str) else found
            return tuple(found) if isinstance(found, list) else ()
    return ()


def sources(out: str | Path) -> dict[str, str]:
    """The file that each conversation of a run came from."""
    found: dict[str, str] = {}
    for path in parts(out, "messages"):
        for row in rows(path, ("conversation_id", "source")):
            found.setdefault(row["conversation_id"], row["source"])
    return found


def topics(out: str | Path) -> dict[str, str]:
    """The name of each conversation's topic, where the run found topics; without one: left out."""
    return {
        row["conversation_id"]: row["name"]
        for path in sorted((Path(out) / "topics").glob("part-*.parquet"))
        for row in rows(path, ("conversation_id", "name"))
        if row["name"]
    }


def with_places(conversations: Sequence[Conversation], source: str | Path) -> list[Conversation]:
    """The conversations with the file that each came from and its topic among their measures, where a run's
    folder tells them."""
    if not (Path(source) / "messages").is_dir():
        return list(conversations)
    told = {"source": sources(source), "topic": topics(source)}
    return [
        replace(
            one,
            measures={**one.measures, **{name: by[one.id] for name, by in told.items() if one.id in by}},
        )
        for one in conversations
    ]
