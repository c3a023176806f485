"""The content of a message: its text, and what is not text, for `parts`."""

from __future__ import annotations

from typing import Any

from curate.readers.exact import kind
from curate.readers.schemas.base import Record
from curate.readers.types import Unreadable

PARTS = (
    "tool_calls",
    "tool_call_id",
    "function_call",
    "name",
    "reasoning",
    "reasoning_content",
    "thinking",
    "attachments",
    "images",
    "audio",
)
"""Fields of a message that are part of what was said, but no text."""
_TEXT_TYPES = ("text", "input_text", "output_text")


def take_content(left: Record, names: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """The text and the parts of a message's content, taken out of `left`.

    Content may be a string, null (beside tool calls) or a list of typed blocks: texts are joined by a line
    break, other blocks become `attachments` in their order. Raises Unreadable for any other type.

    >>> take_content({"content": [{"type": "text", "text": "Look"}, {"type": "image_url"}]}, ("content",))
    ('Look', {'attachments': [{'type': 'image_url'}]})
    """
    for name in names:
        if name in left:
            value = left.pop(name)
            if isinstance(value, str):
                return value, {}
            if value is None:
                return _nothing_said(left, name)
            if isinstance(value, list):
                return _blocks(value, name)
            raise Unreadable(f"'{name}' is {kind(value)}, must be a string")
    return _nothing_said(left, names[0])


def take_parts(left: Record) -> dict[str, Any]:
    """What is not text, taken out of `left`; nulls are kept nowhere, they say nothing."""
    found = {name: left.pop(name) for name in PARTS if name in left}
    return {name: value for name, value in found.items() if value is not None}


def _nothing_said(left: Record, name: str) -> tuple[str, dict[str, Any]]:
    """No content is right beside tool calls, a refusal and the like, and an error elsewhere."""
    if any(
        left.get(part) is not None for part in (*PARTS, "refusal") if part not in ("name", "tool_call_id")
    ):
        return "", {}
    raise Unreadable(f"'{name}' is missing or null, and the message holds no tool call either")


def _blocks(value: list[Any], name: str) -> tuple[str, dict[str, Any]]:
    texts: list[str] = []
    parts: dict[str, Any] = {}
    for place, block in enumerate(value):
        if isinstance(block, str):
            texts.append(block)
        elif not isinstance(block, dict):
            raise Unreadable(f"{name}[{place}] is {kind(block)}, must be an object or a string")
        elif block.get("type") in _TEXT_TYPES and isinstance(block.get("text"), str):
            texts.append(block["text"])
        else:
            parts.setdefault("attachments", []).append(block)
    return "\n".join(texts), parts
