"""What passes there are, what each does and which options it has; and a recipe to start from."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, get_type_hints

from curate.errors import RecipeError, unknown
from curate.option_types import as_toml, in_words
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
    about = flowing(about.split("\n>>>")[0].strip())
    hints = get_type_hints(cls)
    options = tuple((f.name, in_words(hints[f.name]), default_of(f)) for f in dataclasses.fields(cls))
    return Listed(name, kind_of(cls), " ".join(about.split("\n\n")[0].split()), about, options)


def flowing(text: str) -> str:
    """A docstring with its paragraphs as one line each, so that a terminal breaks them where it ends.

    >>> flowing("One, two\\nthree.\\n\\nFour.")
    'One, two three.\\n\\nFour.'
    """
    return "\n\n".join(" ".join(one.split()) for one in text.split("\n\n"))


def default_of(option: dataclasses.Field[Any]) -> str:
    """The default of an option as Python writes it, or "required"."""
    if option.default_factory is not dataclasses.MISSING:
        return as_toml(option.default_factory())
    return "required" if option.default is dataclasses.MISSING else as_toml(option.default)


def all_listed() -> list[Listed]:
    """Every registered pass, in the table's order."""
    return [listed(name) for name in registered()]


def start(target: str, recipe: str = "chat") -> Path:
    """Write a commented recipe to start from, and give its path.

    Raises RecipeError where the file exists or cannot be written.
    """
    if recipe not in shipped():
        raise RecipeError(unknown("recipe", recipe, shipped(), "--recipe"))
    path = Path(target)
    if not target or path.is_dir():
        raise RecipeError(f"'{target}' is no name of a file; name one, as 'curate init my-recipe.toml'")
    if path.exists():
        raise RecipeError(f"'{target}' exists already; name another file")
    if not path.parent.is_dir():
        raise RecipeError(f"there is no folder '{path.parent}'; make it, or name a file in another one")
    try:
        path.write_text((resources.files("rules") / "recipes" / f"{recipe}.toml").read_text("utf-8"), "utf-8")
    except OSError as error:
        raise RecipeError(f"'{target}' cannot be written: {error.strerror}; name another file") from None
    return path
