"""The errors a user sees: they name the thing, the value, what is allowed and the next step."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TamisError(Exception):
    """What the user gave cannot be used; the text says what to do (exit status 2).

    No message text from a log ever goes into it: name files, records and keys instead.
    """


class InputError(TamisError):
    """An input that cannot be read."""


class RecipeError(TamisError):
    """A recipe, a rule or an option that is not valid."""


class LimitBrokenError(TamisError):
    """A limit that the user stated was broken (exit status 3)."""


def unknown(kind: str, value: str, allowed: Iterable[str], where: str, see: str = "") -> str:
    """The sentence for a name that is not one of `allowed`, with the nearest right one.

    >>> names = ["strip_html", "language"]
    >>> unknown("pass", "strip_htm", names, "chat.toml", "'curate passes' lists them all")
    "unknown pass 'strip_htm' in chat.toml; did you mean 'strip_html'? 'curate passes' lists them all"
    >>> unknown("key", "zzz", ["limit", "then"], "chat.toml")
    "unknown key 'zzz' in chat.toml; allowed: limit, then"
    >>> unknown("pass", "zzz", names, "chat.toml", "'curate passes' lists them all")
    "unknown pass 'zzz' in chat.toml; allowed: language, strip_html; 'curate passes' lists them all"
    """
    names = sorted(allowed)
    near = difflib.get_close_matches(value, names, n=1)
    said = f"did you mean '{near[0]}'?" if near else f"allowed: {', '.join(names)}"
    more = f"{' ' if near else '; '}{see}" if see else ""
    place = f" in {where}" if where else ""
    return f"unknown {kind} '{value}'{place}; {said}{more}"
