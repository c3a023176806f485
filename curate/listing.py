"""What passes there are, what each does and which options it has; and a recipe to start from."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from curate.errors import RecipeError, unknown
from curate.recipe import kind_of, pass_class, registered, shipped


@dataclass(frozen=True)
class Listed:
    """A pass as `curate passes` shows it."""

    name: str
    kind: str
    does: str  # first sentence of its docstring
    about: str  # the whole docstring, without its examples
    options: tuple[tuple[str, str, str], ...]  # name, type, default


def listed(name: str) -> Listed:
    """One pass. Raises RecipeError, with the nearest name, for an unknown one."""
    cls = pass_class(name, "'curate passes'")
    about = inspect.getdoc(cls) or ""
    about = about.split("\n>>>")[0].strip()
    options = tuple((f.name, str(f.type), default_of(f)) for f in dataclasses.fields(cls))
    return Listed(name, kind_of(cls), " ".join(about.split("\n\n")[0].split()), about, options)


def default_of(option: dataclasses.Field[Any]) -> str:
    """The default of an option as Python writes it, or "required"."""
    if option.default_factory is not dataclasses.MISSING:
        return repr(option.default_factory())
    return "required" if option.default is dataclasses.MISSING else repr(option.default)


def all_listed() -> list[Listed]:
    """Every registered pass, in the table's order."""
    return [listed(name) for name in registered()]


def start(target: str, recipe: str = "chat") -> Path:
    """Write a commented recipe to start from, and give its path. Raises RecipeError where the file exists."""
    if recipe not in shipped():
        raise RecipeError(unknown("recipe", recipe, shipped(), "--recipe"))
    path = Path(target)
    if path.exists():
        raise RecipeError(f"'{target}' exists already; name another file")
    path.write_text((resources.files("rules") / "recipes" / f"{recipe}.toml").read_text("utf-8"), "utf-8")
    return path
