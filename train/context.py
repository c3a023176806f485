"""Context gain: how much better a model does an answer because it saw what was said before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from train.records import Conversation, Message

ALONE, EXCHANGE = "alone", "exchange"
"""What is left before an answer: nothing but system messages, or also the exchange it belongs to."""


@dataclass(frozen=True)
class Answer:
    """An answer taken out of its conversation: whose (index), which message, what stands before it."""

    owner: int
    message: int
    conversation: Conversation


def answers(conversations: Sequence[Conversation], kept: str) -> list[Answer]:
    """Every learned answer after a part of its context, where that part is not all of it."""
    found: list[Answer] = []
    for owner, one in enumerate(conversations):
        for number, message in enumerate(one.messages):
            if not message.learned:
                continue
            before = shortened(one.messages, number, kept)
            if len(before) < number:
                found.append(Answer(owner, number, Conversation(one.id, (*before, message), one.tools)))
    return found


def shortened(messages: Sequence[Message], number: int, kept: str) -> tuple[Message, ...]:
    """What stays before message `number`: system messages, and its own exchange if that is kept.

    >>> chat = [Message(role, role) for role in ("system", "user", "assistant", "user", "user", "assistant")]
    >>> [m.role for m in shortened(chat, 5, ALONE)], [m.role for m in shortened(chat, 5, EXCHANGE)]
    (['system'], ['system', 'user', 'user'])
    """
    start = number
    if kept == EXCHANGE:
        while start and messages[start - 1].role != "user":
            start -= 1
        while start and messages[start - 1].role == "user":
            start -= 1
    system = [m for m in messages[:start] if m.role == "system"]
    return (*system, *messages[start:number])
