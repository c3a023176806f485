"""Checks of the options that deciders of quality share."""

from __future__ import annotations

from collections.abc import Iterable

from curate.errors import RecipeError, unknown
from curate.schema import ROLES


def check_roles(roles: Iterable[str], rule: str) -> None:
    """Raises RecipeError for a role that no message has.

    >>> check_roles(("asistant",), "too_garbled")
    Traceback (most recent call last):
    curate.errors.RecipeError: unknown role 'asistant' in too_garbled.roles; did you mean 'assistant'?
    """
    for role in roles:
        if role not in ROLES:
            raise RecipeError(unknown("role", role, ROLES, f"{rule}.roles"))


def check_share(value: float, where: str) -> None:
    """Raises RecipeError for what is no share.

    >>> check_share(75, "too_garbled.limit")
    Traceback (most recent call last):
    curate.errors.RecipeError: too_garbled.limit is 75; allowed: 0 to 1
    """
    if not 0 <= value <= 1:
        raise RecipeError(f"{where} is {value}; allowed: 0 to 1")
