"""A recipe's text with group limits written in, its comments left as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from curate.errors import RecipeError
from curate.recipe import shipped

TABLE = re.compile(r"(?m)^\[\[(?:pass|input)\]\][ \t]*$")
USE = re.compile(r"(?m)^use[ \t]*=[ \t]*[\"']([^\"'\n]+)[\"'].*$")
LIMITS = re.compile(r"(?m)^group_limits[ \t]*=.*\n?")


def text_of(recipe: str) -> str:
    """The text of a recipe's file, or of a shipped recipe."""
    if recipe in shipped():
        return (resources.files("rules") / "recipes" / f"{recipe}.toml").read_text("utf-8")
    return Path(recipe).read_text("utf-8")


def with_group_limits(text: str, limits: Mapping[str, float]) -> str:
    """The text with `group_limits` in each pass `too_toxic`, and the measure `groups` before it.

    Raises RecipeError where no pass `too_toxic` stands in it.

    >>> print(with_group_limits('[[pass]]\\nuse = "too_toxic"\\n', {"en/gender.women": 0.9}))
    [[pass]]
    use = "groups"
    <BLANKLINE>
    [[pass]]
    use = "too_toxic"
    group_limits = { "en/gender.women" = 0.9 }
    <BLANKLINE>
    """
    starts = [found.start() for found in TABLE.finditer(text)]
    used = {found[1]: found for found in USE.finditer(text)}
    if "too_toxic" not in used:
        raise RecipeError("the recipe has no pass 'too_toxic': nothing has a limit to calibrate")
    line = used["too_toxic"]
    start = max(place for place in starts if place < line.start())
    stop = min((place for place in starts if place > line.start()), default=len(text))
    told = ", ".join(f'"{key}" = {limit:g}' for key, limit in sorted(limits.items()))
    body = LIMITS.sub("", text[line.end() : stop])
    own = f"\ngroup_limits = {{ {told} }}" if limits else ""
    measure = '[[pass]]\nuse = "groups"\n\n' if limits and "groups" not in used else ""
    return text[:start] + measure + text[start : line.end()] + own + body + text[stop:]
