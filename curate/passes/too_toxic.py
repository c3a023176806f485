"""`too_toxic`: decides against what an assistant says when it scores too high."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import polars as pl

from curate.errors import RecipeError, unknown
from curate.passes.base import Decider, above
from curate.schema import ROLES


@dataclass(frozen=True, kw_only=True)
class TooToxic(Decider):
    """Decide against conversations in which an assistant turn scores above `limit`.

    Needs the measure `toxicity`. Only messages of `roles` count: an insult that is answered well is what an
    assistant should learn from, so a user's words decide nothing unless "user" is among them. The default
    limit is that of the embedded scorer's card (rules/toxicity/CARD.md has precision and recall by limit).

    `group_limits` gives messages that mention a group (the measure `groups`) or are in a language (the
    measure `language`) a limit of their own: `{ "en/gender.women" = 0.9, "age.older" = 0.85, "fr" = 0.7 }`,
    the most exact key first; of several groups in a message the highest counts. `curate calibrate` does it.

    Raises RecipeError for a limit outside 0 to 1, no roles, a role or a group that is none.

    >>> TooToxic(limit=80)
    Traceback (most recent call last):
    curate.errors.RecipeError: too_toxic.limit is 80, must be from 0 to 1; 0.8 is usual
    """

    name: ClassVar[str] = "too_toxic"
    limit: float = 0.8
    roles: tuple[str, ...] = ("assistant",)
    group_limits: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.limit <= 1:
            raise RecipeError(f"too_toxic.limit is {self.limit}, must be from 0 to 1; 0.8 is usual")
        if not self.roles:
            raise RecipeError(f"too_toxic.roles is empty, must name some of {', '.join(ROLES)}")
        for role in self.roles:
            if role not in ROLES:
                raise RecipeError(unknown("role", role, ROLES, "too_toxic.roles"))
        for key, limit in self.group_limits.items():
            if not 0 <= limit <= 1:
                raise RecipeError(f"too_toxic.group_limits gives '{key}' {limit}, must be from 0 to 1")
            check_key(key)

    def limits(self) -> dict[str, tuple[float, float]]:
        """The score above which it decides."""
        return {"limit": (0.0, 1.0)}

    def decide_when(self) -> pl.Expr:
        """The message's role counts and its score is above the limit."""
        return pl.col("role").cast(pl.String).is_in(self.roles) & (pl.col("toxicity") > self.limit_for())

    def limit_for(self) -> pl.Expr:
        """The limit of each message."""
        by_language = {key: limit for key, limit in self.group_limits.items() if "." not in key}
        keys = [key for key in self.group_limits if "." in key]
        own = []
        for group in sorted({key.rpartition("/")[2] for key in keys}):
            of_group = [key for key in keys if key.endswith("/" + group)]
            exact = {key.partition("/")[0]: self.group_limits[key] for key in of_group}
            limit = self.group_limits.get(group)
            told = for_language(exact, pl.lit(limit, pl.Float64))
            here = (" " + pl.col("groups") + " ").str.contains(f" {group} ", literal=True)
            own.append(pl.when(here).then(told))
        general = for_language(by_language, pl.lit(self.limit, pl.Float64))
        return pl.coalesce(pl.max_horizontal(own), general) if own else general

    def evidence(self) -> pl.Expr:
        """`toxicity 0.93 > 0.80`."""
        if not self.group_limits:
            return above("toxicity", self.limit)
        shown = [
            one.map_elements(lambda value: f"{value:.2f}", return_dtype=pl.String)
            for one in (pl.col("toxicity"), self.limit_for())
        ]
        return pl.format("toxicity {} > {}", *shown)


def for_language(limits: dict[str, float], otherwise: pl.Expr) -> pl.Expr:
    """The limit of the message's language, else the other."""
    if not limits:
        return otherwise
    known = pl.col("language").replace_strict(limits, default=None, return_dtype=pl.Float64)
    return pl.coalesce(known, otherwise)


def check_key(key: str) -> None:
    """Raises RecipeError for a key of `group_limits` that is no language, no group, and no language/group."""
    from curate.bias.matching import group_keys

    language, _, group = key.rpartition("/")
    if "." not in group:
        language, group = group, ""
    if group and group not in group_keys():
        raise RecipeError(unknown("group", group, group_keys(), "too_toxic.group_limits"))
    if language and not (language.isalpha() and language.islower() and 2 <= len(language) <= 3):
        raise RecipeError(
            f"too_toxic.group_limits has the key '{key}'; write a language (fr), a group (gender.women) "
            "or both (fr/gender.women)"
        )
