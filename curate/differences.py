"""Two recipes beside each other: what differs, and what of it can be decided again without reading anew."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from curate.option_types import as_toml
from curate.passes.base import Decider, GlobalPass, Pass
from curate.recipe import kind_of, options_of


def to_measure(old: Pass, new: Pass) -> list[str]:
    """What of a changed pass cannot be had from what is stored, as sentences."""
    if old == new:
        return []
    if isinstance(new, GlobalPass) and isinstance(old, GlobalPass):
        return [] if new.measured_by(old) else [f"the pairs of {new.name} with {changed_options(old, new)}"]
    if isinstance(new, Decider):
        return []
    return [f"{new.name} ({kind_of(new)}) with {changed_options(old, new)}"]


def changed_options(old: Pass, new: Pass) -> str:
    """The options that differ, as option=value."""
    before = options_of(old)
    return ", ".join(f"{key}={value}" for key, value in options_of(new).items() if before[key] != value)


Described = Sequence[Mapping[str, Any]]
"""The passes of a recipe as its manifest tells them: name, use, kind, options."""


def told_differences(old: Described, new: Described) -> list[str]:
    """What differs between two recipes' passes, one phrase each.

    >>> one = {"name": "too_toxic", "options": {"limit": 0.8, "then": "flag"}}
    >>> told_differences([one], [{**one, "options": {"limit": 0.9, "then": "flag"}}])
    ['too_toxic.limit 0.8 -> 0.9']
    """
    before, after = ({one["name"]: one for one in passes} for passes in (old, new))
    said = [f"without {name}" for name in before if name not in after]
    said += [f"with {name}" for name in after if name not in before]
    for name in [name for name in after if name in before]:
        left, right = before[name]["options"], after[name]["options"]
        said += [
            f"{name}.{key} {as_toml(left[key])} -> {as_toml(right[key])}"
            for key in right
            if key in left and left[key] != right[key]
        ]
        if set(left) != set(right):
            said.append(f"private options of {name}")
    if not said and [*before] != [*after]:
        said.append("another order of passes")
    return said


def as_sets(old: Described, new: Described) -> str:
    """The `--set` arguments that turn the old recipe's options into the new one's.

    >>> one = {"name": "too_toxic", "options": {"then": "flag"}}
    >>> as_sets([one], [{**one, "options": {"then": "drop"}}])
    '--set too_toxic.then=drop'
    """
    before = {one["name"]: one["options"] for one in old}
    words = []
    for one in new:
        for key, value in one["options"].items():
            if before[one["name"]].get(key) != value:
                told = value if isinstance(value, str) else as_toml(value)
                setting = f"{one['name']}.{key}={told}"
                words.append(f"--set {shlex.quote(setting)}")
    return " ".join(words)
