"""One question, one answer: prompt/response pairs under the many names that they go by.

`system` and `history` (earlier question and answer pairs) come first; a rejected answer goes to extra.
Source: the data formats of TRL, LLaMA-Factory and of question-answer sets.
"""

from __future__ import annotations

from collections.abc import Mapping

from curate.readers.exact import kind
from curate.readers.schemas import transcript
from curate.readers.schemas.base import Reading, Record
from curate.readers.schemas.fields import take_author, take_id, take_sent_at, take_text
from curate.readers.types import Unreadable

QUESTIONS = ("instruction", "prompt", "question", "query", "input", "user", "human")
ANSWERS = (
    "output",
    "response",
    "completion",
    "answer",
    "chosen",
    "target",
    "reply",
    "assistant",
    "bot",
)


def claims(record: Record, columns: Mapping[str, str]) -> bool:
    """Whether the record has a question and an answer, both strings.

    >>> claims({"prompt": "Hi", "completion": "Hello"}, {}), claims({"prompt": "Hi"}, {})
    (True, False)
    """
    if "instruction" in record or transcript.claims(record, columns):
        return False
    return asks_and_answers(record, columns)


def asks_and_answers(record: Record, columns: Mapping[str, str]) -> bool:
    """Whether a field of a question and one of an answer hold strings."""
    questions, answers = _names(columns)
    asked = any(isinstance(record.get(name), str) for name in questions)
    return asked and any(isinstance(record.get(name), str) for name in answers)


def convert(record: Record, number: int, reading: Reading) -> None:
    """Add system, history, question, answer. Raises Unreadable."""
    left = dict(record)
    questions, answers = _names(reading.columns)
    asked = take_text(left, questions, "the question")
    more = left.get("input")
    if isinstance(more, str):
        del left["input"]
        asked = f"{asked}\n\n{more}" if more else asked
    answered = take_text(left, answers, "the answer")
    before = left.pop("system") if isinstance(left.get("system"), str) and left["system"] else None
    history = left.pop("history") if left.get("history") else []
    sent_at, author = take_sent_at(left, reading), take_author(left, reading)
    reading.rows.open(number, id=take_id(left, reading), extra=left)
    if before is not None:
        reading.rows.add("system", before)
    for question, answer in _rounds(history):
        reading.rows.add("user", question)
        reading.rows.add("assistant", answer)
    reading.rows.add("user", asked, author=author, sent_at=sent_at)
    reading.rows.add("assistant", answered)


def _names(columns: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where question and answer stand; `columns` names them as `user` and `assistant`."""
    questions = (columns["user"],) if "user" in columns else QUESTIONS
    answers = (columns["assistant"],) if "assistant" in columns else ANSWERS
    return questions, answers


def _rounds(history: object) -> list[tuple[str, str]]:
    if not isinstance(history, list):
        raise Unreadable(f"'history' is {kind(history)}, must be a list of pairs")
    rounds: list[tuple[str, str]] = []
    for place, pair in enumerate(history):
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(half, str) for half in pair)):
            raise Unreadable(f"history[{place}] is not a pair of strings")
        rounds.append((pair[0], pair[1]))
    return rounds
