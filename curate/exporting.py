"""The curated set in the forms of other trainers: `weight: 0` as each honours it, nothing learned twice.

Most trainers pass over `weight`. Where one can leave a turn out of the loss by a key of the message, it gets
that key; where it can learn from the end of a row alone, each answer that is to be learned gets a row of its
own, with all that was said before as context.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curate.errors import TamisError, unknown
from curate.runs import Run
from curate.writers import encoded, without_nulls

Row = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """A trainer's form: how a conversation becomes rows, and what its configuration must say."""

    rows: Callable[[Row], Iterator[Row]]
    tell: str


@dataclass(frozen=True)
class Exported:
    """What was written: conversations read, rows, answers learned and shown only, conversations left out."""

    path: Path
    conversations: int
    rows: int
    learned: int
    shown: int
    left_out: int
    tell: str


def openai(told: Row) -> Iterator[Row]:
    """A row per conversation as it is: OpenAI's fine-tuning honours `weight` on assistant messages.

    Source: https://platform.openai.com/docs/api-reference/fine-tuning/chat-input, looked at 2026-11.
    """
    yield {"messages": told["messages"], **tools_of(told)}


def axolotl(told: Row) -> Iterator[Row]:
    """A row per conversation; `train` says of each message whether it is learned.

    Source: https://docs.axolotl.ai/docs/dataset-formats/conversation.html, `message_field_training`.
    """
    messages = [
        {**{key: value for key, value in one.items() if key != "weight"}, "train": learned(one)}
        for one in told["messages"]
    ]
    yield {"messages": messages, **tools_of(told)}


def trl(told: Row) -> Iterator[Row]:
    """A row per answer that is learned: `prompt` is all before it, `completion` the answer.

    TRL's SFTTrainer learns the completion alone; a mask by message it has none.
    Source: https://huggingface.co/docs/trl/dataset_formats, looked at 2026-11.
    """
    for before, answer in answers(told):
        yield {"prompt": before, "completion": [answer], **tools_of(told)}


def torchtune(told: Row) -> Iterator[Row]:
    """A row per answer that is learned, as the last of its messages, for `masking_strategy: train_on_last`.

    Source: https://pytorch.org/torchtune/main/generated/torchtune.data.mask_messages.html, 2026-11.
    """
    for before, answer in answers(told):
        yield {"messages": [*before, answer]}


FORMS = {
    "openai": Form(openai, "upload it as it is; weight 0 is honoured on assistant messages"),
    "trl": Form(trl, "SFTTrainer learns the completion alone (completion_only_loss is its default here)"),
    "axolotl": Form(
        axolotl,
        "type: chat_template, field_messages: messages, message_field_training: train, roles_to_train: []",
    ),
    "torchtune": Form(
        torchtune,
        "conversation_style: openai, conversation_column: messages, masking_strategy: train_on_last",
    ),
}
"""Format: how it is written, and what the trainer's configuration must say."""


def learned(message: Mapping[str, Any]) -> bool:
    """Whether a curated message takes part in the loss."""
    return message["role"] == "assistant" and message.get("weight") != 0


def answers(told: Row) -> Iterator[tuple[list[Row], Row]]:
    """Each answer that is learned with all that was said before it, without `weight`."""
    bare = [{key: value for key, value in one.items() if key != "weight"} for one in told["messages"]]
    for place, one in enumerate(told["messages"]):
        if learned(one):
            yield bare[:place], bare[place]


def tools_of(told: Row) -> Row:
    """The conversation's tool definitions, where it has some."""
    return {"tools": told["tools"]} if told.get("tools") else {}


def export(run: Run, to: str, form: str, *, overwrite: bool = False) -> Exported:
    """Write the curated set of a run as JSON lines for a trainer; `repeat` is honoured by as many rows.

    Conversations without an answer to learn are left out where the form has a row per answer. Raises
    TamisError for an unknown form, a file that cannot be written, or one that is there unless `overwrite`.
    """
    if form not in FORMS:
        raise TamisError(unknown("format", form, FORMS, "--format"))
    path = Path(to)
    if not path.parent.is_dir():
        raise TamisError(f"--to '{to}' cannot be written: there is no folder '{path.parent}'; make it first")
    if path.exists() and not overwrite:
        raise TamisError(f"--to '{to}' exists already; name another file, or add --overwrite to replace it")
    counts = dict.fromkeys(("conversations", "rows", "learned", "shown", "left_out"), 0)
    making = path.with_name(f".{path.name}.part")
    try:
        with making.open("wb") as sink:
            for told in conversations(run):
                write(sink.write, told, FORMS[form], counts)
        making.replace(path)
    finally:
        making.unlink(missing_ok=True)
    return Exported(path, tell=FORMS[form].tell, **counts)


def write(put: Callable[[bytes], int], told: Row, form: Form, counts: dict[str, int]) -> None:
    """One conversation's rows, and what is counted of it."""
    rows = list(form.rows(told))
    often = int(told.get("repeat") or 1)
    for row in rows * often:
        put(encoded(row) + b"\n")
    said = [one for one in told["messages"] if one["role"] == "assistant"]
    counts["conversations"] += 1
    counts["rows"] += len(rows) * often
    counts["learned"] += sum(map(learned, said))
    counts["shown"] += sum(not learned(one) for one in said)
    counts["left_out"] += not rows


def conversations(run: Run) -> Iterator[Row]:
    """The curated conversations of a run in order, without null entries."""
    names = [name for name in run.storage.names("curated") if name.endswith(".parquet")]
    for name in names:
        for row in pl.read_parquet(run.storage.path(name)).iter_rows(named=True):
            yield without_nulls(row)
