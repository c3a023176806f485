"""Writes chunks of conversations in five formats, each file as one stream in bounded memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from benchmarks.corpus_flaws import spoilt_line

NAMED = pl.format("c{}", pl.col("conversation").cast(pl.String).str.zfill(9)).alias("id")


@dataclass
class Stream:
    """A file being written: how many records it has so far, and whether a record is a single message."""

    path: Path
    by_row: bool = False
    records: int = 0


def as_lines(frame: pl.DataFrame) -> bytes:
    """The rows as JSON lines."""
    buffer = io.BytesIO()
    frame.write_ndjson(buffer)
    return buffer.getvalue()


def gathered(messages: pl.DataFrame, name: str, message: pl.Expr) -> pl.DataFrame:
    """A row per conversation: id and the list of its messages."""
    return messages.group_by("conversation", maintain_order=True).agg(message.alias(name)).select(NAMED, name)


def spoilt(lines: bytes, flaws: dict[int, str]) -> bytes:
    """The lines, those numbered in `flaws` (0-based) made unreadable."""
    if not flaws:
        return lines
    split = lines.split(b"\n")
    for number, kind in flaws.items():
        split[number] = spoilt_line(kind, split[number])
    return b"\n".join(split)


def openai(stream: Stream, messages: pl.DataFrame, flaws: dict[int, str]) -> None:
    """JSON lines of OpenAI messages."""
    content = pl.struct(pl.col("role"), pl.col("text").alias("content"))
    lines = spoilt(as_lines(gathered(messages, "messages", content)), flaws)
    with stream.path.open("ab") as file:
        file.write(lines)


def sharegpt(stream: Stream, messages: pl.DataFrame, flaws: dict[int, str]) -> None:
    """A JSON array in ShareGPT's form; `finish` closes it."""
    said = pl.col("role").replace({"user": "human", "assistant": "gpt"}).alias("from")
    lines = as_lines(gathered(messages, "conversations", pl.struct(said, pl.col("text").alias("value"))))
    with stream.path.open("ab") as file:
        file.write(b",\n" if stream.records else b"[\n")
        file.write(lines.rstrip(b"\n").replace(b"}\n{", b"},\n{"))


def transcripts(stream: Stream, messages: pl.DataFrame, flaws: dict[int, str]) -> None:
    """JSON lines, each conversation one text with `Human:` and `Assistant:` (no system messages)."""
    speaker = pl.col("role").replace({"user": "\n\nHuman: ", "assistant": "\n\nAssistant: "})
    lines = as_lines(gathered(messages, "transcript", pl.concat_str(speaker, "text").str.join("")))
    with stream.path.open("ab") as file:
        file.write(lines)


def rows(stream: Stream, messages: pl.DataFrame, flaws: dict[int, str]) -> None:
    """CSV, a row per message, a minute apart."""
    minute = pl.int_range(pl.len()).over("conversation") + pl.col("conversation").cast(pl.Int64)
    at = (
        (pl.datetime(2026, 1, 1) + pl.duration(minutes=minute))
        .dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        .alias("sent_at")
    )
    table = messages.select(NAMED.alias("conversation_id"), at, "role", pl.col("text"))
    with stream.path.open("ab") as file:
        table.write_csv(file, include_header=stream.records == 0)


def parquet(stream: Stream, messages: pl.DataFrame, flaws: dict[int, str]) -> None:
    """Parquet of OpenAI messages; Parquet cannot grow, so each chunk is a file of its own."""
    content = pl.struct(pl.col("role"), pl.col("text").alias("content"))
    gathered(messages, "messages", content).write_parquet(stream.path, compression="zstd")


@dataclass(frozen=True)
class Format:
    """A format: its file's name (one a chunk if it has a number), whether single lines can be spoilt."""

    file: str
    write: Callable[[Stream, pl.DataFrame, dict[int, str]], None]
    spoilable: bool = False
    system: bool = True
    by_row: bool = False


FORMATS = {
    "openai": Format("openai.jsonl", openai, spoilable=True),
    "sharegpt": Format("sharegpt.json", sharegpt),
    "transcripts": Format("transcripts.jsonl", transcripts, system=False),
    "rows": Format("rows.csv", rows, by_row=True),
    "parquet": Format("openai-{:05d}.parquet", parquet),
}


def finish(stream: Stream) -> None:
    """Close what has an end of its own: a JSON array."""
    if stream.path.suffix == ".json":
        with stream.path.open("ab") as file:
            file.write(b"\n]\n")
