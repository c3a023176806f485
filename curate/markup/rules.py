"""The names in rules/markup.toml, read once."""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Markup:
    """What counts as markup: sets of element names, attribute names, entity names, words and patterns."""

    strong: frozenset[str]
    single: frozenset[str]
    known: frozenset[str]
    open_ended: frozenset[str]
    dropped: frozenset[str]
    paragraph: frozenset[str]
    line: frozenset[str]
    attributes: frozenset[str]
    alone: frozenset[str]
    entities: frozenset[str]
    subject: re.Pattern[str]
    source: tuple[str, ...]
    quote_classes: frozenset[str]
    quote_ids: frozenset[str]
    intro: str


@functools.cache
def markup() -> Markup:
    """The rules of rules/markup.toml.

    >>> "br" in markup().known and "think" not in markup().known
    True
    """
    read = tomllib.loads(resources.files("rules").joinpath("markup.toml").read_text("utf-8"))
    tags = {kind: frozenset(names) for kind, names in read["tags"].items()}
    words = "|".join(map(re.escape, read["subject"]["words"]))
    return Markup(
        strong=tags["strong"],
        single=tags["single"],
        known=tags["strong"] | tags["single"] | tags["weak"],
        open_ended=tags["open_ended"],
        dropped=tags["dropped"],
        paragraph=tags["paragraph"],
        line=tags["line"],
        attributes=frozenset(read["attributes"]["known"]),
        alone=frozenset(read["attributes"]["alone"]),
        entities=frozenset(read["entities"]["plain"]),
        subject=re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE),
        source=tuple(read["subject"]["source"]),
        quote_classes=frozenset(read["quotes"]["classes"]),
        quote_ids=frozenset(read["quotes"]["ids"]),
        intro="|".join(read["quotes"]["intro"]),
    )
