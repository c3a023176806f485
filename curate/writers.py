"""The curated set: one row per kept conversation, as Parquet and, if asked, as JSON lines."""

from __future__ import annotations

from typing import Any

import msgspec
import polars as pl

from curate import schema

CALL = pl.Struct(
    {"id": pl.String, "type": pl.String, "function": pl.Struct({"name": pl.String, "arguments": pl.String})}
)
MESSAGE = pl.Struct(
    {
        "role": pl.String,
        "content": pl.String,
        "weight": pl.UInt8,
        "tool_calls": pl.List(CALL),
        "tool_call_id": pl.String,
        "name": pl.String,
    }
)
"""A message of the curated set, in the form of OpenAI's chat fine-tuning files."""

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def curated(messages: pl.DataFrame, repeats: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row per conversation with a message that is not dropped, in order.

    Columns: conversation_id, tree (whose branch it is, or null), repeat (how often it counts in an epoch;
    only where `repeats` is given: `conversation` and `repeat` of those that count more than once), messages
    (a list of MESSAGE: `weight` 0 on masked assistant turns, else null),
    tools (the export's tool definitions as JSON text, or null), then the measures: the largest of a number,
    the longest message's value of a text.

    >>> table = schema.messages({"conversation_id": ["a"], "role": ["user"], "text": ["Hi"]})
    >>> curated(table)["messages"].to_list()[0][0]["content"]
    'Hi'
    """
    numbered = schema.number_conversations(messages)
    kept = numbered.filter(pl.col("verdict") != "drop")
    weight = pl.when((pl.col("role") == "assistant") & (pl.col("verdict") == "mask")).then(
        pl.lit(0, pl.UInt8)
    )
    shown = pl.struct(
        pl.col("role").cast(pl.String),
        pl.col("text").alias("content"),
        weight.alias("weight"),
        *(pl.Series(name, values, kind) for name, kind, values in tool_columns(kept["parts"])),
    )
    table = (
        kept.with_columns(shown.alias("messages"), tools_column(kept))
        .group_by(schema.CONVERSATION, maintain_order=True)
        .agg(
            pl.col("conversation_id", "tree").first(),
            "messages",
            pl.col("tools").drop_nulls().first(),
            *summaries(kept),
        )
    )
    if repeats is not None:
        told = table.join(repeats, on=schema.CONVERSATION, how="left", maintain_order="left")["repeat"]
        table.insert_column(table.columns.index("messages"), told.fill_null(1))
    return table.drop(schema.CONVERSATION)


def tool_columns(parts: pl.Series) -> list[tuple[str, pl.DataType | Any, list[Any]]]:
    """tool_calls, tool_call_id and name out of `parts`, one value per row."""
    columns: dict[str, list[Any]] = {
        name: [None] * len(parts) for name in ("tool_calls", "tool_call_id", "name")
    }
    for row in parts.is_not_null().arg_true().to_list():
        found = _decode(parts[row])
        calls = found.get("tool_calls")
        columns["tool_calls"][row] = [call_of(call) for call in calls] if isinstance(calls, list) else None
        columns["tool_call_id"][row] = text_or_none(found.get("tool_call_id"))
        columns["name"][row] = text_or_none(found.get("name"))
    kinds: dict[str, Any] = {"tool_calls": pl.List(CALL), "tool_call_id": pl.String, "name": pl.String}
    return [(name, kinds[name], values) for name, values in columns.items()]


def call_of(call: Any) -> dict[str, Any]:
    """One tool call in OpenAI's form; arguments that are no text are written as JSON text."""
    call = call if isinstance(call, dict) else {}
    function = call.get("function") if isinstance(call.get("function"), dict) else call
    arguments = function.get("arguments")
    told = arguments if isinstance(arguments, str) or arguments is None else _encode(arguments).decode()
    return {
        "id": text_or_none(call.get("id")),
        "type": text_or_none(call.get("type")) or "function",
        "function": {"name": text_or_none(function.get("name")), "arguments": told},
    }


def text_or_none(value: Any) -> str | None:
    """A text, a number as text, or None."""
    return value if isinstance(value, str) or value is None else str(value)


def tools_column(kept: pl.DataFrame) -> pl.Series:
    """The tool definitions that `extra` of a conversation's message holds, as JSON text."""
    values: list[str | None] = [None] * kept.height
    for row in (
        kept["extra"].str.contains('"tools"', literal=True).fill_null(value=False).arg_true().to_list()
    ):
        tools = _decode(kept["extra"][row]).get("tools")
        values[row] = None if tools is None else tools if isinstance(tools, str) else _encode(tools).decode()
    return pl.Series("tools", values, pl.String)


def summaries(kept: pl.DataFrame) -> list[pl.Expr]:
    """Each measure for the conversation: the largest number, or the longest message's text."""
    measures = [name for name in kept.columns if name not in (*schema.MESSAGES, schema.CONVERSATION)]
    longest = pl.col("text").str.len_bytes().arg_max()
    return [
        pl.col(name).max() if kept.schema[name].is_numeric() else pl.col(name).get(longest)
        for name in measures
    ]


def encoded(value: Any) -> bytes:
    """The value as JSON."""
    return _encode(value)


def json_lines(table: pl.DataFrame) -> bytes:
    """The curated table as JSON lines, without the keys that are null.

    >>> table = schema.messages({"conversation_id": ["a"], "role": ["user"], "text": ["Hi"]})
    >>> json_lines(curated(table))
    b'{"conversation_id":"a","messages":[{"role":"user","content":"Hi"}]}\\n'
    """
    return b"".join(encoded(without_nulls(row)) + b"\n" for row in table.iter_rows(named=True))


def without_nulls(value: Any) -> Any:
    """The value without null entries of its dictionaries; tool definitions as JSON again."""
    if isinstance(value, dict):
        filled = {key: without_nulls(entry) for key, entry in value.items() if entry is not None}
        if isinstance(filled.get("tools"), str):
            filled["tools"] = _decode(filled["tools"])
        return filled
    return [without_nulls(entry) for entry in value] if isinstance(value, list) else value
