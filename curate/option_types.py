"""Types and values of options as a person writes them in a recipe, not as Python does."""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin

PLAIN = {bool: "true or false", int: "a whole number", float: "a number", str: "a text in quotes"}
PLURAL = {bool: "true or false values", int: "whole numbers", float: "numbers", str: "texts in quotes"}


def in_words(hint: Any) -> str:
    """What an option's type allows, in words; other types than recipes have come back as Python names them.

    >>> in_words(Literal["flag", "mask", "drop"]), in_words(tuple[str, ...])
    ('flag, mask or drop', 'a list of texts in quotes')
    >>> in_words(Mapping[str, str]), in_words(float | None)
    ('a table of texts, as { ours = "theirs" }', 'a number')
    """
    origin, parts = get_origin(hint), get_args(hint)
    if hint in PLAIN:
        return PLAIN[hint]
    if origin is Literal:
        words = [str(part) for part in parts]
        return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
    if origin in (Union, types.UnionType):
        return " or ".join(in_words(part) for part in parts if part is not type(None))
    if origin in (tuple, list):
        return f"a list of {PLURAL.get(parts[0], in_words(parts[0]))}"
    if origin is not None and issubclass(origin, Mapping):
        return 'a table of texts, as { ours = "theirs" }'
    return str(getattr(hint, "__name__", hint))


def as_toml(value: Any) -> str:
    """A value as a recipe writes it.

    >>> as_toml(("a", "b")), as_toml(True), as_toml(0.8), as_toml({"From": "user"})
    ('["a", "b"]', 'true', '0.8', '{ From = "user" }')
    """
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {as_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(as_toml(one) for one in value)}]"
    if isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
