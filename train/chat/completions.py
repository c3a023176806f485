"""Chat completions as OpenAI's API gives them: an answer told whole, or piece by piece as it is made.

The form is that of https://platform.openai.com/docs/api-reference/chat (looked at on 2026-11-26).
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from train.chat.asking import Request, RequestError, request
from train.chat.private import Redaction, restored, restored_within, restoring
from train.generate import Sampling, Speaker, Speech, TooLongError
from train.records import Message

CALL = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)
"""How a model writes a tool call where its template has no other say (the form of Hermes and Qwen)."""


class Service:
    """One model answering requests."""

    def __init__(
        self, speaker: Speaker, model: str, base: Sampling, redaction: Redaction | None = None
    ) -> None:
        self.speaker, self.model, self.base, self.redaction = speaker, model, base, redaction

    def asked(self, told: Any) -> Answering:
        """The answer to a request's body, about to begin. Raises RequestError where it cannot be."""
        wanted = request(told, self.model, self.base)
        messages: Sequence[Message] = wanted.messages
        values: dict[str, str] = {}
        if self.redaction:
            messages, values = self.redaction.redact(messages)
        try:
            speech = self.speaker.answer(messages, wanted.sampling, wanted.tools)
        except TooLongError as error:
            raise RequestError(str(error), "messages", "context_length_exceeded") from None
        return Answering(self.model, wanted, speech, values)


class Answering:
    """An answer under way, as the API's objects."""

    def __init__(self, model: str, wanted: Request, speech: Speech, values: Mapping[str, str]) -> None:
        self.wanted, self.speech, self.values = wanted, speech, values
        self.head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": model}

    @property
    def usage(self) -> dict[str, int]:
        """Tokens so far."""
        asked, made = len(self.speech.prompt), self.speech.tokens
        return {"prompt_tokens": asked, "completion_tokens": made, "total_tokens": asked + made}

    def whole(self) -> dict[str, Any]:
        """The answer as one `chat.completion`."""
        said, finish = self.said()
        choice = {
            "index": 0,
            "message": {"role": "assistant", **said},
            "finish_reason": finish,
            "logprobs": None,
        }
        return {**self.head, "object": "chat.completion", "choices": [choice], "usage": self.usage}

    def said(self) -> tuple[dict[str, Any], str]:
        """Content and tool calls of the whole answer, values put back, and why it ended."""
        text = self.speech.whole()
        calls = calls_in(text) if self.wanted.tools else []
        if not calls:
            return {"content": restored(text, self.values)}, self.speech.finish
        told = []
        for number, (name, arguments) in enumerate(calls):
            spelled = json.dumps(restored_within(arguments, self.values), ensure_ascii=False)
            function = {"name": name, "arguments": spelled}
            told.append({"id": f"{self.head['id']}-{number}", "type": "function", "function": function})
        rest = restored(CALL.sub("", text).strip(), self.values)
        return {"content": rest or None, "tool_calls": told}, "tool_calls"

    def chunks(self) -> Iterator[dict[str, Any]]:
        """The answer as `chat.completion.chunk`s; a request with tools gets its answer in one, for a call is
        known only when it is whole."""
        yield self.chunk({"role": "assistant", "content": ""})
        if self.wanted.tools:
            said, finish = self.said()
            calls = [{"index": n, **call} for n, call in enumerate(said.get("tool_calls", ()))]
            yield self.chunk({**said, "tool_calls": calls} if calls else said)
        else:
            for piece in restoring(self.speech, self.values):
                yield self.chunk({"content": piece})
            finish = self.speech.finish
        yield self.chunk({}, finish)
        if self.wanted.usage_at_end:
            yield {**self.head, "object": "chat.completion.chunk", "choices": [], "usage": self.usage}

    def chunk(self, delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
        """One chunk."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return {**self.head, "object": "chat.completion.chunk", "choices": [choice]}


def calls_in(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and arguments of the tool calls written in an answer; none where one of them is not whole.

    >>> calls_in('<tool_call>{"name": "f", "arguments": {"a": 1}}</tool_call>')
    [('f', {'a': 1})]
    """
    found = []
    for written in CALL.findall(text):
        try:
            told = json.loads(written)
        except ValueError:
            return []
        arguments = told.get("arguments") if isinstance(told, dict) else None
        if not isinstance(arguments, dict) or not isinstance(told.get("name"), str):
            return []
        found.append((told["name"], arguments))
    return found
