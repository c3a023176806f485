"""The names in rules/markup.toml, read once."""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Mentioned:
    """Patterns over the words before and after a tag or a reference that is spoken of."""

    before: re.Pattern[str]
    before_tag: re.Pattern[str]
    replacing: re.Pattern[str]
    joining: re.Pattern[str]
    after: re.Pattern[str]
    amp_after: re.Pattern[str]
    flowing: frozenset[str]
    asking: re.Pattern[str]


@dataclass(frozen=True)
class SourceCode:
    """Patterns of markup that is shown as code, of the line that announces it, and of letters."""

    page: re.Pattern[str]
    announcing: re.Pattern[str]
    mail_program: re.Pattern[str]
    letter: re.Pattern[str]


@dataclass(frozen=True)
class Asked:
    """Words with which a conversation asks for markup, as patterns of Rust's regex and of `re` alike."""

    topics: str
    hints: str
    things: str
    few_words: int


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
    mentioned: Mentioned
    source_code: SourceCode
    asked: Asked
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
        mentioned=_mentioned(read["mentioned"]),
        source_code=_source_code(read["source_code"]),
        asked=_asked(read["asked"]),
        quote_classes=frozenset(read["quotes"]["classes"]),
        quote_ids=frozenset(read["quotes"]["ids"]),
        intro="|".join(read["quotes"]["intro"]),
    )


def _mentioned(read: dict[str, Any]) -> Mentioned:
    before, with_articles = (
        re.compile(rf"(?<!\w)(?:{_either(words)})\s+[\"'“‘«]?\s?$", re.IGNORECASE)
        for words in (read["before"], [*read["before"], *read["articles"]])
    )
    return Mentioned(
        before=before,
        before_tag=with_articles,
        replacing=re.compile(rf"(?<!\w)(?:{_either(read['replacing'])})\s[^.!?;]*$", re.IGNORECASE),
        joining=re.compile(rf"\s*(?:,|,?\s(?:{_either(read['joining'])})\s)\s*", re.IGNORECASE),
        after=re.compile(rf"\s+(?:{_either(read['after'])})(?!\w)", re.IGNORECASE),
        amp_after=re.compile(
            rf"\s*$|[.,;:!?)\"'”»]|\s+(?:{_either(read['amp_after'])})(?!\w)", re.IGNORECASE
        ),
        flowing=frozenset(read["flowing"]),
        asking=re.compile(rf"(?<!\w)(?:{_either(read['asking'])})\s+$", re.IGNORECASE),
    )


def _source_code(read: dict[str, Any]) -> SourceCode:
    return SourceCode(
        page=re.compile(rf"<(?:{_either(read['page'])})(?=[\s/>])", re.IGNORECASE),
        announcing=re.compile(rf"(?<!\w)(?:{_either(read['announcing'])})(?!\w)", re.IGNORECASE),
        mail_program=re.compile("|".join(read["mail_program"])),
        letter=re.compile("|".join(read["letter"]), re.IGNORECASE),
    )


def _asked(read: dict[str, Any]) -> Asked:
    # A word inside an address is no topic: redaction may take the address away.
    topics, hints, things = (
        rf"(?i)(?:^|[\s\"'“‘«(\[/,;:!?-])(?:{_either(read[kind])})(?:$|[\s\"'”’»)\],;:!?-]|\.(?:$|\s))"
        for kind in ("topics", "hints", "things")
    )
    return Asked(topics, hints, things, read["few_words"])


def _either(words: list[str]) -> str:
    return "|".join(map(re.escape, words)).replace(r"\ ", r"\s+")
