r"""Anthropic's transcripts: one string of `\n\nHuman: …` and `\n\nAssistant: …`, also in hh-rlhf's pairs.

`chosen` is the conversation, `rejected` goes to extra. A prompt and its completion are read as one string.
What stands before the first marker is the system message. Of the text itself, one space after the colon is
taken away, nothing else; the empty `\n\nAssistant:` at a prompt's end is a message without text.
Source: Bai et al., Training a Helpful and Harmless Assistant (2022), and its data release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from curate.readers.schemas.base import Reading, Record
from curate.readers.schemas.fields import take_id
from curate.readers.types import Unreadable

_MARKER = re.compile(r"(?:\A|\n\n)(Human|Assistant|System): ?")

FIELDS = ("chosen", "text", "transcript", "conversation", "dialogue", "content")


def looks_like(text: object) -> bool:
    """Whether a string is a transcript: a person's and an assistant's marker, or a prompt that starts one.

    >>> looks_like("\\n\\nHuman: Hi\\n\\nAssistant: Hello"), looks_like("Human: a species")
    (True, False)
    """
    if not isinstance(text, str) or "Human:" not in text:
        return False
    names = [found[1] for found in _MARKER.finditer(text)]
    return "Human" in names and ("Assistant" in names or text.startswith("\n\nHuman:"))


def claims(record: Record, columns: Mapping[str, str]) -> bool:
    """Whether one of the usual fields (or the one given as `text`) is a transcript.

    >>> claims({"chosen": "\\n\\nHuman: Hi\\n\\nAssistant: Hello", "rejected": "..."}, {})
    True
    """
    fields = (columns["text"],) if "text" in columns else (*FIELDS, "prompt")
    return any(looks_like(record.get(name)) for name in fields)


def convert(record: Record, number: int, reading: Reading) -> None:
    """Add the transcript's messages; the other fields go to extra. Raises Unreadable."""
    left = dict(record)
    text = _take_transcript(left, reading)
    reading.rows.open(number, id=take_id(left, reading), extra=left)
    for role, said in split(text):
        reading.rows.add(role, said)


def split(text: str) -> Iterator[tuple[str, str]]:
    """Role and text of each message. Raises Unreadable where no marker stands.

    >>> list(split("Be kind.\\n\\nHuman: Hi\\n\\nAssistant:"))
    [('system', 'Be kind.'), ('user', 'Hi'), ('assistant', '')]
    """
    markers = list(_MARKER.finditer(text))
    if not markers:
        raise Unreadable("no 'Human:' or 'Assistant:' at the start of a paragraph")
    if text[: markers[0].start()].strip():
        yield "system", text[: markers[0].start()]
    stops = [marker.start() for marker in markers[1:]] + [len(text)]
    for marker, stop in zip(markers, stops, strict=True):
        yield _ROLES[marker[1]], text[marker.end() : stop]


_ROLES = {"Human": "user", "Assistant": "assistant", "System": "system"}


def _take_transcript(left: Record, reading: Reading) -> str:
    prompt = left.get("prompt")
    if looks_like(prompt):
        del left["prompt"]
        for name in ("chosen", "completion", "response"):
            if isinstance(left.get(name), str):
                return f"{prompt}{left.pop(name)}"
        return str(prompt)
    for name in reading.name("text", *FIELDS):
        if looks_like(left.get(name)):
            return str(left.pop(name))
    raise Unreadable("no field holds a transcript of 'Human:' and 'Assistant:'")
