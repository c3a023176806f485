"""A request for a chat completion, as clients of OpenAI's API send it: checked, and refused by field.

The form is that of https://platform.openai.com/docs/api-reference/chat (looked at on 2026-11-26).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from train.errors import ConfigError, unknown
from train.generate import Sampling
from train.records import ROLES, Message

SERVED = (
    *("model", "messages", "tools", "stream", "stream_options", "stop", "seed"),
    *("temperature", "top_p", "max_tokens", "max_completion_tokens"),
)
NO_EFFECT = (
    "user",
    "metadata",
    "store",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "tool_choice",
)
"""Told by clients; they do not change what a model here answers."""
DEFAULTS: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "logprobs": (False,),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "parallel_tool_calls": (True,),
    "response_format": ({"type": "text"},),
}
"""What is taken only as these values: anything else would be promised and not done."""


class RequestError(ConfigError):
    """A request that cannot be answered; `param` names the field, `code` the kind of error."""

    def __init__(
        self, sentence: str, param: str | None = None, code: str = "invalid_value", status: int = 400
    ) -> None:
        super().__init__(sentence)
        self.param, self.code, self.status = param, code, status

    def told(self) -> dict[str, Any]:
        """The error as the API tells it."""
        told = {"message": str(self), "type": "invalid_request_error", "param": self.param, "code": self.code}
        return {"error": told}


@dataclass(frozen=True)
class Request:
    """A request that was checked."""

    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...]
    sampling: Sampling
    stream: bool
    usage_at_end: bool


def request(told: Any, model: str, base: Sampling) -> Request:
    """The request in a body; what it leaves open is as in `base`. Raises RequestError, naming the field."""
    if not isinstance(told, Mapping):
        raise RequestError("the body is not a JSON object")
    for name, value in told.items():
        if name in DEFAULTS:
            if value is not None and value not in DEFAULTS[name]:
                only = json.dumps(DEFAULTS[name][0])
                raise RequestError(f"'{name}' is taken only as {only} here", name, "unsupported_value")
        elif name not in SERVED and name not in NO_EFFECT:
            allowed = (*SERVED, *NO_EFFECT, *DEFAULTS)
            raise RequestError(unknown("field", name, allowed, "the request"), name, "unknown_parameter")
    if told.get("model") != model:
        sentence = f"no model '{told.get('model')}' here; this server has '{model}'"
        raise RequestError(sentence, "model", "model_not_found", 404)
    asked = typed(told, "messages", list, ())
    if not asked:
        raise RequestError("'messages' is empty; give at least one", "messages")
    options = typed(told, "stream_options", dict, {})
    return Request(
        tuple(message(one, f"messages[{n}]") for n, one in enumerate(asked)),
        tuple(typed(told, "tools", list, ())),
        sampling(told, base),
        bool(typed(told, "stream", bool, False)),
        options.get("include_usage") is True,
    )


def typed(told: Mapping[str, Any], name: str, kind: type | tuple[type, ...], default: Any) -> Any:
    """A field's value where it is given and not null. Raises RequestError for another type."""
    value = told.get(name)
    if value is None:
        return default
    wrong_bool = isinstance(value, bool) and kind is not bool
    if not isinstance(value, kind) or wrong_bool:
        words = {bool: "true or false", list: "a list", dict: "an object", str: "text", int: "a whole number"}
        raise RequestError(f"'{name}' must be {words[kind] if isinstance(kind, type) else 'a number'}", name)
    return value


def sampling(told: Mapping[str, Any], base: Sampling) -> Sampling:
    """How tokens are chosen for a request."""
    stop = told.get("stop")
    stops = [stop] if isinstance(stop, str) else typed(told, "stop", list, list(base.stop))
    if not all(isinstance(one, str) for one in stops):
        raise RequestError("'stop' must be text or a list of texts", "stop")
    most = typed(told, "max_completion_tokens", int, typed(told, "max_tokens", int, base.most))
    chosen: dict[str, Any] = {
        "temperature": float(typed(told, "temperature", (int, float), base.temperature)),
        "top_p": float(typed(told, "top_p", (int, float), base.top_p)),
        "seed": typed(told, "seed", int, base.seed),
    }
    try:
        return Sampling(most=most, stop=tuple(stops), **chosen)
    except ConfigError as error:
        raise RequestError(str(error)) from None


def message(told: Any, where: str) -> Message:
    """One message of a request; content may be text or a list of text parts."""
    role = told.get("role") if isinstance(told, Mapping) else None
    role = "system" if role == "developer" else role
    if role not in ROLES:
        raise RequestError(f"{where}.role must be one of {', '.join(ROLES)}", f"{where}.role")
    text = content_text(told.get("content"))
    if text is None:
        raise RequestError(f"{where}.content must be text or a list of text parts", f"{where}.content")
    calls = told.get("tool_calls") or ()
    if not isinstance(calls, list | tuple) or not all(isinstance(one, Mapping) for one in calls):
        raise RequestError(f"{where}.tool_calls must be a list of objects", f"{where}.tool_calls")
    return Message(role, text, None, tuple(calls), told.get("tool_call_id"), told.get("name"))


def content_text(content: Any) -> str | None:
    """The text of a message's content; None where it is not text.

    >>> content_text([{"type": "text", "text": "Hi"}]), content_text([{"type": "image_url"}])
    ('Hi', None)
    """
    if content is None or isinstance(content, str):
        return content or ""
    parts = content if isinstance(content, list) else [content]
    texts = [one.get("text") for one in parts if isinstance(one, Mapping) and one.get("type") == "text"]
    told = [text for text in texts if isinstance(text, str)]
    return "".join(told) if len(told) == len(parts) else None
