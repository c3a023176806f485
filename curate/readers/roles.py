"""Role names of exports, mapped to ours by rules/roles.toml and what the input adds."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from curate.errors import RecipeError, unknown
from curate.readers.types import Unreadable
from curate.schema import ROLES

EVERY_OTHER = "*"
"""Given as a role's name: all names that are not known."""
_NAMEABLE = re.compile(r"[A-Za-z_-]{1,30}")


@cache
def known_roles() -> Mapping[str, str]:
    """Their role in lower case: ours. Raises RecipeError where the rules file is wrong."""
    table: dict[str, Any] = tomllib.loads(files("rules").joinpath("roles.toml").read_text("utf-8"))
    return check_roles(table.get("roles", {}), "rules/roles.toml")


def check_roles(roles: Mapping[str, str], where: str) -> dict[str, str]:
    """The mapping with its keys in lower case. Raises RecipeError for a value that is no role of ours.

    >>> check_roles({"Kunde": "user"}, "chat.toml")
    {'kunde': 'user'}
    """
    for ours in roles.values():
        if ours not in ROLES:
            raise RecipeError(unknown("role", str(ours), ROLES, where))
    return {theirs.strip().lower(): ours for theirs, ours in roles.items()}


class RoleMap(dict[str, str]):
    """Role as read: ours. A new spelling is looked up once and kept; an unknown one raises Unreadable.

    >>> roles = RoleMap({"kunde": "user"})
    >>> roles["GPT"], roles["Kunde"]
    ('assistant', 'user')
    >>> RoleMap({"*": "user"})["Marie"]
    'user'
    """

    def __init__(self, more: Mapping[str, str] | None = None) -> None:
        super().__init__({role: role for role in ROLES})
        self._known = {**known_roles(), **check_roles(more or {}, "the roles of [[input]]")}

    def __missing__(self, role: Any) -> str:
        if not isinstance(role, str):
            raise Unreadable("a role is not a string")
        ours = self._known.get(role.strip().lower())
        if ours is None and role.strip():
            ours = self._known.get(EVERY_OTHER)
        if ours is None:
            shown = f"unknown role '{role}'" if _NAMEABLE.fullmatch(role) else "a role with an unknown name"
            raise Unreadable(f"{shown}; map it in roles of [[input]]")
        self[role] = ours
        return ours

    def renamed(self, role: str) -> bool:
        """Whether ours is spelled otherwise, so that the name read must stay in `extra`."""
        return self[role] != role
