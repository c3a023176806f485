"""The message table: one row per message, whole conversations per batch. Nothing else spells its columns."""

from __future__ import annotations

import polars as pl
from polars.datatypes import DataTypeClass

ROLES = ("system", "user", "assistant", "tool")
VERDICTS = ("keep", "mask", "drop")
ROLE = pl.Enum(ROLES)
VERDICT = pl.Enum(VERDICTS)
THEN_CODES = {"flag": 0, "mask": 1, "drop": 2}
"""What a decision does, as the place of its verdict among VERDICTS."""

_COLUMNS: dict[str, pl.DataType | DataTypeClass] = {
    "conversation_id": pl.String,
    "tree": pl.String,  # the export's conversation whose branch this is; null without branches
    "turn": pl.UInt32,
    "role": ROLE,
    "author": pl.String,
    "sent_at": pl.Datetime("us", "UTC"),
    "text": pl.String,
    "parts": pl.String,
    "original": pl.String,
    "source": pl.String,
    "record": pl.UInt64,
    "extra": pl.String,
    "changed_by": pl.String,
    "flags": pl.String,
    "verdict": VERDICT,
    "decided_by": pl.String,
    "evidence": pl.String,
}
MESSAGES = pl.Schema(_COLUMNS)
"""Columns of the message table, in order, with their types."""

NEVER_NULL = ("conversation_id", "turn", "role", "text", "source", "record", "verdict")
DECISIONS = ("flags", "verdict", "decided_by", "evidence")
"""What deciders write: kept apart from the texts on disk, so that `rejudge` never touches a text."""
PRIVATE = ("conversation_id", "tree", "author", "text", "parts", "original", "source", "extra")
"""What redaction may rewrite: every column in which a person's data can stand."""

CONVERSATION = "conversation"
"""Name of the UInt32 column the engine adds: 0-based number of the conversation in its batch, ascending."""

QUARANTINE = pl.Schema(
    {
        "source": pl.String,  # file as the user named it, relative to the input
        "record": pl.UInt64,  # 1-based record; null where the whole file could not be read
        "start": pl.UInt64,  # byte range in the (decompressed) file, where known
        "stop": pl.UInt64,
        "reason": pl.String,  # our sentence, never a library's and never message text
        "bytes": pl.Binary,  # what was there; written out only with --keep-unread
    }
)
"""Columns of the table of what could not be read."""


def messages(columns: dict[str, object]) -> pl.DataFrame:
    """A frame of the message table from the columns given; the others take their empty value.

    `verdict` becomes keep, `turn` counts within runs of equal `conversation_id`, `source` becomes "" and
    `record` 1. Raises ValueError for a name that is no column and for a null where none may stand.

    >>> messages({"conversation_id": ["a", "a"], "role": ["user", "assistant"], "text": ["Hi", "Hello"]})[
    ...     "turn"
    ... ].to_list()
    [0, 1]
    """
    wrong = sorted(set(columns) - set(MESSAGES))
    if wrong:
        raise ValueError(f"not a column of the message table: {', '.join(wrong)}")
    typed = {name: kind for name, kind in MESSAGES.items() if name in columns}
    frame = pl.DataFrame(columns, schema=typed)
    first = pl.col("conversation_id").ne_missing(pl.col("conversation_id").shift())
    fills: dict[str, pl.Expr] = {
        "turn": (pl.int_range(pl.len()) - pl.when(first).then(pl.int_range(pl.len())).forward_fill()),
        "source": pl.lit(""),
        "record": pl.lit(1),
        "verdict": pl.lit("keep"),
    }
    frame = frame.with_columns(
        fills.get(name, pl.lit(None)).cast(kind).alias(name)
        for name, kind in MESSAGES.items()
        if name not in columns
    ).select(list(MESSAGES))
    return check(frame)


def check(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame itself, when it has the table's columns and types and no null where none may stand.

    Columns beyond the table's (measures) are allowed. Raises ValueError otherwise.
    """
    for name, kind in MESSAGES.items():
        if frame.schema.get(name) != kind:
            raise ValueError(f"column '{name}' is {frame.schema.get(name)}, must be {kind}")
    empty = [name for name in NEVER_NULL if frame[name].null_count()]
    if empty:
        raise ValueError(f"null in {', '.join(empty)}, where none may stand")
    return frame


def number_conversations(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the `conversation` column: a new number at each turn 0 and each change of id.

    >>> f = messages({"conversation_id": ["a", "a", "b"], "role": ["user"] * 3, "text": ["x", "y", "z"]})
    >>> number_conversations(f)["conversation"].to_list()
    [0, 0, 1]
    """
    return frame.with_columns((opens().cast(pl.UInt32).cum_sum() - 1).alias(CONVERSATION))


def opens() -> pl.Expr:
    """Whether a row is the first of its conversation, as a Boolean expression over the table."""
    other = pl.col("conversation_id").ne_missing(pl.col("conversation_id").shift())
    return (pl.col("turn") == 0) | other
