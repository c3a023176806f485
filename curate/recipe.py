"""A recipe: which inputs, which passes, which options, which order; checked before any input is read."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from curate.errors import RecipeError, unknown
from curate.option_types import as_toml, in_words
from curate.passes import PASSES
from curate.passes.base import Decider, GlobalPass, Measure, Pass, Redaction, Rewrite
from curate.readers.options import check_options
from curate.readers.types import InputOptions

KINDS: tuple[tuple[str, type[Pass]], ...] = (
    ("rewrite", Rewrite),
    ("redaction", Redaction),
    ("measure", Measure),
    ("decider", Decider),
    ("global", GlobalPass),
)
"""Kinds of passes in the order in which they must stand in a recipe; measures and deciders may mix."""

DEFAULT = "chat"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What to do with which inputs."""

    name: str
    description: str = ""
    inputs: tuple[InputOptions, ...] = ()
    passes: tuple[Pass, ...] = ()
    folder: str = ""  # where its file lies: `files` of its inputs may be named from there

    @property
    def single(self) -> tuple[Pass, ...]:
        """The passes that need one conversation at a time."""
        return tuple(one for one in self.passes if not isinstance(one, GlobalPass))

    @property
    def globals(self) -> tuple[GlobalPass, ...]:
        """The passes that choose among all conversations."""
        return tuple(one for one in self.passes if isinstance(one, GlobalPass))

    def described(self) -> dict[str, Any]:
        """The recipe as plain data, for the manifest; options that are themselves private are left out."""
        return {
            "name": self.name,
            "description": self.description,
            "passes": [described_pass(one) for one in self.passes],
        }

    def key(self) -> str:
        """A hash of the passes and options and of every file under rules/, for completion records."""
        told = json.dumps([(one.name, use_of(one), options_of(one)) for one in self.passes], sort_keys=True)
        return hashlib.blake2b((told + rules_hash()).encode(), digest_size=16).hexdigest()


def kind_of(one: Pass | type[Pass]) -> str:
    """The kind of a pass: rewrite, redaction, measure, decider or global."""
    cls = one if isinstance(one, type) else type(one)
    return next(kind for kind, base in KINDS if issubclass(cls, base))


def use_of(one: Pass) -> str:
    """The registered name of a pass's class (a user's own rule has a name of its own beside it)."""
    spot = f"{type(one).__module__}:{type(one).__qualname__}"
    return next((name for name, at in registered().items() if at == spot), one.name)


def described_pass(one: Pass) -> dict[str, Any]:
    """One pass as plain data; `withheld` names the options that hold private values and are not told."""
    options = options_of(one)
    withheld = [name for name in one.private_options if options[name]]
    told = {name: value for name, value in options.items() if name not in withheld}
    described = {"name": one.name, "use": use_of(one), "kind": kind_of(one), "options": told}
    return {**described, "withheld": withheld} if withheld else described


def options_of(one: Pass) -> dict[str, Any]:
    """The options of a pass as TOML values."""
    return {f.name: getattr(one, f.name) for f in dataclasses.fields(one)}


@cache
def registered() -> dict[str, str]:
    """Name: "module:Class" of every pass, ours and those of installed packages (group `tamis.passes`)."""
    others = {point.name: point.value for point in metadata.entry_points(group="tamis.passes")}
    return {**others, **PASSES}


def pass_class(name: str, where: str) -> type[Pass]:
    """The class of a registered pass. Raises RecipeError, with the nearest name, for another."""
    if name not in registered():
        raise RecipeError(unknown("pass", name, registered(), where, "'curate passes' lists them all"))
    module, _, attribute = registered()[name].partition(":")
    found: type[Pass] = getattr(importlib.import_module(module), attribute)
    return found


@cache
def rules_hash() -> str:
    """A hash over every file under rules/: names and bytes."""
    digest = hashlib.blake2b(digest_size=16)
    root = Path(str(resources.files("rules")))
    for path in sorted(p for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def shipped() -> list[str]:
    """Names of the recipes that come with Tamis."""
    folder = resources.files("rules") / "recipes"
    return sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )


def load(spec: str | Path | Recipe = DEFAULT, sets: Sequence[str] = ()) -> Recipe:
    """The recipe of a file, or of a shipped name (`chat`), with `pass.option=value` settings applied.

    Raises RecipeError, naming file, key and the nearest right name, before any input is read.

    >>> load("chat").name
    'chat'
    """
    if isinstance(spec, Recipe):
        return spec
    path, folder = Path(spec), ""
    if str(spec) in shipped():
        text, where = (
            (resources.files("rules") / "recipes" / f"{spec}.toml").read_text("utf-8"),
            f"{spec}.toml",
        )
    else:
        text, where, folder = read_text(path), path.name, str(path.parent)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{where} is not valid TOML: {error}; see https://toml.io") from None
    return dataclasses.replace(parse(data, where, sets), folder=folder)


def read_text(path: Path) -> str:
    """The text of a recipe's file. Raises RecipeError where it is none."""
    if path.is_dir() and path.name:
        raise RecipeError(f"recipe '{path}' is a folder; name a .toml file, or one of {', '.join(shipped())}")
    if not path.is_file():
        raise RecipeError(
            unknown("recipe", str(path), shipped(), "", "there is no such file, and that is none that ships")
        )
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise RecipeError(f"recipe '{path}' is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise RecipeError(
            f"recipe '{path}' cannot be read: {error.strerror}; check its permissions"
        ) from None


def parse(data: Mapping[str, Any], where: str, sets: Sequence[str] = ()) -> Recipe:
    """A recipe from plain data; `where` names its file in errors."""
    for key in data:
        if key not in {"name", "description", "input", "pass"}:
            raise RecipeError(unknown("key", key, ["name", "description", "input", "pass"], where))
    tables = [dict(table) for table in tables_of(data, "pass", where)]
    for setting in sets:
        apply_setting(tables, setting, where)
    passes = tuple(build(table, where) for table in tables)
    check_order(passes, where)
    inputs = tuple(
        build_input(table, f"[[input]] {place}", where)
        for place, table in enumerate(tables_of(data, "input", where), 1)
    )
    return Recipe(
        name=text_of(data, "name", Path(where).stem, where),
        description=text_of(data, "description", "", where),
        inputs=inputs,
        passes=passes,
    )


def tables_of(data: Mapping[str, Any], key: str, where: str) -> list[Mapping[str, Any]]:
    """The array of tables `[[key]]`; none when absent."""
    tables = data.get(key, [])
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise RecipeError(f"'{key}' in {where} must be written [[{key}]], once for each")
    return tables


def text_of(data: Mapping[str, Any], key: str, default: str, where: str) -> str:
    """A string of the recipe's top level."""
    value = data.get(key, default)
    if not isinstance(value, str):
        raise RecipeError(f"'{key}' in {where} is {as_toml(value)}; it must be a text in quotes")
    return value


def apply_setting(tables: list[dict[str, Any]], setting: str, where: str) -> None:
    """Set one option from `pass.option=value`; the value is read as TOML, or as text where it is none."""
    target, equals, raw = setting.partition("=")
    name, dot, option = target.strip().partition(".")
    if not (equals and dot and option):
        raise RecipeError(f"--set '{setting}' must have the form pass.option=value, as too_toxic.limit=0.9")
    named = [table for table in tables if name in (table.get("name"), table.get("use"))]
    if not named:
        names = [str(table.get("name", table.get("use"))) for table in tables]
        raise RecipeError(unknown("pass", name, names, f"--set (recipe {where})"))
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError:
        value = raw.strip()
    for table in named:
        table[option] = value


def build_input(table: Mapping[str, Any], what: str, where: str) -> InputOptions:
    """One `[[input]]`, its options checked. Raises RecipeError for the first that is wrong."""
    made = {"files": (), **converted(InputOptions, table, what, where)}
    try:
        options = InputOptions(**made)
        check_options(options)
    except RecipeError as error:
        raise RecipeError(f"{error} ({what} of {where})") from None
    return options


def build(table: Mapping[str, Any], where: str) -> Pass:
    """One pass from its table in the recipe."""
    use = table.get("use")
    if not isinstance(use, str):
        raise RecipeError(f"a [[pass]] in {where} has no 'use'; 'curate passes' lists what it may be")
    cls = pass_class(use, where)
    options = {key: value for key, value in table.items() if key != "use"}
    made = converted(cls, options, f"pass '{use}'", where)
    try:
        return cls(**made)
    except RecipeError as error:
        raise RecipeError(f"pass '{use}' in {where}: {error}") from None
    except TypeError:
        required = [f.name for f in dataclasses.fields(cls) if f.default is f.default_factory]
        raise RecipeError(f"pass '{use}' in {where} needs {', '.join(required)}") from None


def converted(cls: type[Any], options: Mapping[str, Any], what: str, where: str) -> dict[str, Any]:
    """The options with the types of the dataclass's fields, or RecipeError naming the key."""
    fields = {f.name: f for f in dataclasses.fields(cls)}
    hints = get_type_hints(cls)
    made = {}
    for key, value in options.items():
        if key not in fields:
            raise RecipeError(unknown("key", key, fields, f"{what} of {where}"))
        try:
            made[key] = msgspec.convert(value, hints[key])
        except msgspec.ValidationError:
            told, allowed = as_toml(value), in_words(hints[key])
            raise RecipeError(f"'{key}' of {what} in {where} is {told}; it must be {allowed}") from None
    return made


def check_order(passes: Iterable[Pass], where: str) -> None:
    """Raises RecipeError where a pass stands before one that must come first, or a name stands twice."""
    ranks = {"rewrite": 0, "redaction": 1, "measure": 2, "decider": 2, "global": 3}
    before: Pass | None = None
    names: set[str] = set()
    for one in passes:
        if one.name in names:
            raise RecipeError(f"'{one.name}' stands twice in {where}; a name may stand once")
        names.add(one.name)
        if before is not None and ranks[kind_of(one)] < ranks[kind_of(before)]:
            raise RecipeError(
                f"impossible order in {where}: '{one.name}' ({kind_of(one)}) stands after "
                f"'{before.name}' ({kind_of(before)}); rewrites come first, then redaction, then measures "
                f"and deciders, then passes over all conversations: move '{one.name}' up"
            )
        before = one
