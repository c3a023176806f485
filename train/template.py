"""A chat template taken apart: what it writes around the messages, found by rendering marks in their place.

The template (Jinja) decides headers, separators and ends of turn. What people wrote never passes through it:
each text is a private-use mark while the template runs, and the result is cut at the marks. So any template
works, with or without `{% generation %}`; and text that looks like a header stays text. The cut depends on
the *shape* of a conversation only (its roles, which texts are empty), and shapes are few: each is rendered
once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from train.errors import ConfigError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from train.records import Conversation, Message

MARK = re.compile("( ?)\ue000([0-9]+)\ue001( ?)")
"""What stands for a text while the template runs; a space each side shows whether the template trims."""

BARE_MARK = re.compile("\ue000[0-9]+\ue001")


class Part(NamedTuple):
    """A piece of a rendered conversation: the template's own text, or message `message`'s text (`leaf` -1)
    or one text inside its tool calls (`leaf` 0, 1, …). `left`, `right`: the template trims that side."""

    text: str = ""
    message: int = -1
    leaf: int = -1
    left: bool = False
    right: bool = False


class Learned(NamedTuple):
    """What a template writes around a turn: `start`, then for each message a prefix and a suffix."""

    start: str
    user_prefix: str
    user_suffix: str
    assistant_prefix: str
    assistant_suffix: str


class Template:
    """A tokenizer's chat template, asked by shape."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.tokenizer = tokenizer
        self.known: dict[Any, list[Part] | None] = {}
        self.learned = self.learn()

    def parts(self, conversation: Conversation) -> tuple[list[Part], bool]:
        """The conversation cut into parts, and whether the template took it as it is.

        A template that refuses it (some demand strict alternation, or no system message) is applied turn by
        turn instead: system and tool messages in the form of a user's.
        """
        shape = shape_of(conversation)
        if shape not in self.known:
            self.known[shape] = self.ask(conversation)
        found = self.known[shape]
        if found is not None:
            return found, True
        return self.turn_by_turn(conversation.messages), False

    def ask(self, conversation: Conversation) -> list[Part] | None:
        """The template's answer, or None where it refuses or leaves an assistant's text out."""
        leaves: list[tuple[int, int]] = []
        marked = [
            marked_message(message, number, leaves) for number, message in enumerate(conversation.messages)
        ]
        text = self.render(marked, list(conversation.tools) or None)
        if text is None:
            return None
        parts = cut(text, leaves)
        shown = {part.message for part in parts}
        lost = [
            n
            for n, m in enumerate(conversation.messages)
            if m.content and n not in shown and m.role != "tool"
        ]
        return None if lost else parts

    def render(
        self, messages: list[dict[str, Any]], tools: list[Any] | None = None, prompt: bool = False
    ) -> str | None:
        """The template's text, or None where it refuses these messages."""
        from jinja2 import TemplateError

        try:
            rendered = self.tokenizer.apply_chat_template(
                messages, tools=tools, tokenize=False, add_generation_prompt=prompt
            )
        except (TemplateError, TypeError, KeyError):
            return None
        return str(rendered)

    def learn(self) -> Learned:
        """What is written around turns, from a conversation that every template takes."""
        turns = [
            {"role": role, "content": f"\ue000{n}\ue001"} for n, role in enumerate(("user", "assistant") * 2)
        ]
        whole, asked = self.render(turns), self.render(turns[:1], prompt=True)
        bare = self.render(turns[:1])
        if whole is None or asked is None or bare is None or len(gaps := BARE_MARK.split(whole)) != 5:
            raise ConfigError(
                "the chat template refuses a user and an assistant in turn; give another with --template"
            )
        before, between, middle, _, after = gaps
        assistant_prefix = asked[len(bare) :] if asked.startswith(bare) else ""
        if not between.endswith(assistant_prefix):
            assistant_prefix = ""
        user_suffix = between[: len(between) - len(assistant_prefix)]
        user_prefix = middle[len(after) :] if middle.startswith(after) else ""
        start = before[: len(before) - len(user_prefix)] if before.endswith(user_prefix) else before
        return Learned(start, user_prefix, user_suffix, assistant_prefix, after)

    def turn_by_turn(self, messages: Sequence[Message]) -> list[Part]:
        """The parts of messages in any order of roles, from what was learned."""
        told = self.learned
        parts = [Part(told.start)]
        for number, message in enumerate(messages):
            assistant = message.role == "assistant"
            before, after = (
                (told.assistant_prefix, told.assistant_suffix)
                if assistant
                else (told.user_prefix, told.user_suffix)
            )
            parts += [Part(before), Part(message=number), Part(after)]
        return parts


def shape_of(conversation: Conversation) -> Any:
    """What a template may look at: roles, which texts are empty, names, tools and the form of calls."""
    turns = tuple(
        (m.role, bool(m.content), m.name, m.tool_call_id, json.dumps(blank(m.tool_calls), sort_keys=True))
        for m in conversation.messages
    )
    return turns, json.dumps(conversation.tools, sort_keys=True, default=str)


def blank(value: Any) -> Any:
    """The value with its texts emptied, numbers and keys as they are."""
    if isinstance(value, str):
        arguments = parsed(value)
        return "" if arguments is None else blank(arguments)
    if isinstance(value, Mapping):
        return {str(key): blank(entry) for key, entry in value.items()}
    return [blank(entry) for entry in value] if isinstance(value, list | tuple) else value


def parsed(arguments: Any) -> dict[str, Any] | None:
    """The object that a call's arguments spell in JSON, or None.

    >>> parsed('{"a": 1}'), parsed("x")
    ({'a': 1}, None)
    """
    try:
        value = json.loads(arguments) if isinstance(arguments, str) else arguments
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def marked_message(message: Message, number: int, leaves: list[tuple[int, int]]) -> dict[str, Any]:
    """The message as templates take it, marks in place of its texts; `leaves` notes what each mark is."""
    told: dict[str, Any] = {"role": message.role, "content": ""}
    if message.content:
        told["content"] = f" {mark(leaves, number, -1)} "
    if message.tool_call_id:
        told["tool_call_id"] = message.tool_call_id
    if message.name:
        told["name"] = message.name
    if message.tool_calls:
        count = iter(range(1 << 30))
        told["tool_calls"] = [marked_call(call, number, leaves, count) for call in message.tool_calls]
    return told


def mark(leaves: list[tuple[int, int]], message: int, leaf: int) -> str:
    """A new mark, noted."""
    leaves.append((message, leaf))
    return f"\ue000{len(leaves) - 1}\ue001"


def marked_call(
    call: Mapping[str, Any], number: int, leaves: list[tuple[int, int]], count: Any
) -> dict[str, Any]:
    """A tool call with marks for its name and the texts in its arguments (an object, as templates like)."""
    function = call.get("function") or {}
    arguments = parsed(function.get("arguments"))
    made = {"name": mark(leaves, number, next(count))}
    made["arguments"] = marked_value(
        function.get("arguments") or "" if arguments is None else arguments, number, leaves, count
    )
    return {"id": call.get("id"), "type": "function", "function": made}


def marked_value(value: Any, number: int, leaves: list[tuple[int, int]], count: Any) -> Any:
    """The value with a mark for each text that is not empty."""
    if isinstance(value, str):
        return mark(leaves, number, next(count)) if value else value
    if isinstance(value, Mapping):
        return {key: marked_value(entry, number, leaves, count) for key, entry in value.items()}
    return (
        [marked_value(entry, number, leaves, count) for entry in value] if isinstance(value, list) else value
    )


def leaf_texts(message: Message) -> list[str]:
    """The texts that `marked_call` marked, in its order, as JSON writes them inside quotes."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, str) and value:
            found.append(json.dumps(value, ensure_ascii=False)[1:-1])
        elif isinstance(value, Mapping):
            for entry in value.values():
                walk(entry)
        elif isinstance(value, list):
            for entry in value:
                walk(entry)

    for call in message.tool_calls:
        function = call.get("function") or {}
        arguments = parsed(function.get("arguments"))
        found.append(str(function.get("name") or ""))
        walk(function.get("arguments") or "" if arguments is None else arguments)
    return found


def cut(text: str, leaves: Sequence[tuple[int, int]]) -> list[Part]:
    """A rendered text cut at its marks.

    >>> [part.text or part.message for part in cut("<u> \\ue0000\\ue001 </u>", [(3, -1)])]
    ['<u>', 3, '</u>']
    """
    parts, end = [], 0
    for found in MARK.finditer(text):
        message, leaf = leaves[int(found[2])]
        own = leaf < 0  # the space each side is ours; around a leaf it is the template's
        before = text[end : found.start()] + ("" if own else found[1])
        parts += [Part(before)] if before else []
        parts.append(Part("", message, leaf, own and not found[1], own and not found[3]))
        end = found.end() - (0 if own else len(found[3]))
    return [*parts, Part(text[end:])] if text[end:] else parts
