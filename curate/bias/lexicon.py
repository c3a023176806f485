"""The words that mention a group, politeness, pronouns and occupations of one language, from rules/."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from curate.errors import RecipeError

LANGUAGES = ("en", "fr")
"""Languages with a file of terms."""
LONGEST = 5
"""Words of the longest phrase."""

Kind = Literal["group", "nothing", "polite", "she", "he", "occupation", "glad", "sorry", "not"]
GROUP_KEYS = ("key", "name", "person", "people", "not")


@dataclass(frozen=True)
class Term:
    """A phrase that is looked for, as folded words.

    `means` is the key of a group or an occupation ("" for the other kinds), `form` tells what may be put in
    its place: a term of the same form that names another group.
    """

    words: tuple[str, ...]
    kind: Kind
    means: str = ""
    form: str = ""
    core: str = ""
    """The words that a swap replaces: without the noun that shows that people are meant."""
    gender: str = ""


@dataclass(frozen=True)
class Group:
    """A group of people: its key (`axis.group`), its name and the words that sentences of ours call it by."""

    key: str
    name: str
    person: str
    people: str
    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def axis(self) -> str:
        """What the group is a group of: gender, religion, …"""
        return self.key.partition(".")[0]


@dataclass(frozen=True)
class Lexicon:
    """All that is looked for in texts of one language."""

    language: str
    axes: Mapping[str, str]
    groups: tuple[Group, ...]
    terms: tuple[Term, ...]
    articles: frozenset[str]
    occupations: Mapping[str, float | None]
    approximate: frozenset[str]
    """Occupations whose share of women is a rounded figure."""
    reference: str
    neutral: tuple[str, ...]
    hostile: tuple[str, ...]
    cases: Mapping[str, tuple[bool, tuple[str, ...]]]
    """Functional cases by name: whether they are harmful, and their sentences."""
    date: str

    @property
    def identity_words(self) -> frozenset[str]:
        """Every word of a term that names a group: no finding about the group when it stands beside it."""
        return frozenset(word for term in self.terms if term.kind == "group" for word in term.words)


def folded(text: str) -> tuple[str, ...]:
    """Words as they are compared: lower case, without accents, parted by anything but letters and digits.

    >>> folded("Non-binaire, l’Été")
    ('non', 'binaire', 'l', 'ete')
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
    return tuple("".join(sign.lower() if sign.isalnum() else " " for sign in plain).split())


@cache
def load(language: str) -> Lexicon:
    """The lexicon of a language of LANGUAGES. Raises RecipeError where its file is not sound.

    >>> load("en").groups[0].name
    'women'
    """
    name = f"rules/identity_terms/{language}.toml"
    text = files("rules").joinpath("identity_terms", f"{language}.toml").read_text("utf-8")
    found = parse(tomllib.loads(text), name)
    from curate.bias.sentiment import terms  # that module makes its terms of this one's class

    return replace(found, terms=_distinct((*found.terms, *terms(language)), name))


def parse(data: Mapping[str, Any], name: str) -> Lexicon:
    """A lexicon from the data of its file; `name` stands in errors.

    Raises RecipeError for a group on an unknown axis, a group named twice, and a phrase that is too long or
    names two groups.
    """
    axes = dict(data["axes"])
    groups = tuple(_group(table, axes, name) for table in data["group"])
    keys = [group.key for group in groups]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise RecipeError(f"{name} has two groups '{twice[0]}'; join them")
    persons = [folded(word) for word in data["persons"].split()]
    being = [folded(phrase) for phrase in data["being"]]
    terms = [
        term
        for group, table in zip(groups, data["group"], strict=True)
        for term in _terms(group, table.get("not", ()), persons, being, data["language"])
    ]
    terms += [Term(folded(phrase), "polite") for phrase in data["markers"]["polite"]]
    for gender in ("she", "he"):
        terms += [Term(folded(word), gender) for word in data["pronouns"][gender]]
    work = {key: table for key, table in data["occupations"].items() if key != "reference"}
    for key, table in work.items():
        for gender in ("she", "he", "terms"):
            held = "" if gender == "terms" else gender
            terms += [Term(folded(word), "occupation", key, gender=held) for word in table.get(gender, ())]
    return Lexicon(
        language=data["language"],
        axes=axes,
        groups=groups,
        terms=_distinct(terms, name),
        articles=frozenset(data["articles"].split()),
        occupations={key: table.get("women") for key, table in work.items()},
        approximate=frozenset(key for key, table in work.items() if table.get("about")),
        reference=data["occupations"]["reference"],
        neutral=tuple(data["sentences"]["neutral"]),
        hostile=tuple(data["sentences"]["hostile"]),
        cases={
            "neutral": (False, tuple(data["sentences"]["neutral"])),
            "hostile": (True, tuple(data["sentences"]["hostile"])),
            **{key: (bool(one["harmful"]), tuple(one["sentences"])) for key, one in data["cases"].items()},
        },
        date=data["date"],
    )


def _group(table: Mapping[str, Any], axes: Mapping[str, str], name: str) -> Group:
    key = str(table["key"])
    if key.partition(".")[0] not in axes:
        raise RecipeError(f"{name}: group '{key}' is on no axis; allowed: {', '.join(axes)}")
    forms = {form: tuple(words) for form, words in table.items() if form not in GROUP_KEYS}
    return Group(key, table["name"], table["person"], table["people"], forms)


def _terms(
    group: Group,
    sayings: Iterable[str],
    persons: list[tuple[str, ...]],
    being: list[tuple[str, ...]],
    language: str,
) -> Iterable[Term]:
    """The group's terms; adjectives of people beside each noun for people, and after a form of "to be"."""
    for form, words in group.forms.items():
        for word in words:
            core = folded(word)
            said = " ".join(core)
            if not form.startswith("of_people"):
                yield Term(core, "group", group.key, form, said)
                continue
            for noun in persons:
                before = language == "en" or said in (
                    "jeune",
                    "jeunes",
                    "vieux",
                    "vieil",
                    "vieille",
                    "vieilles",
                )
                yield Term(core + noun if before else noun + core, "group", group.key, form, said)
            for verb in being:
                yield Term(verb + core, "group", group.key, form, said)
    for saying in sayings:
        yield Term(folded(saying), "nothing")


def _distinct(terms: Iterable[Term], name: str) -> tuple[Term, ...]:
    """Each phrase once. A saying wins over a term, an occupation is a marker of nothing else."""
    found: dict[tuple[str, ...], Term] = {}
    for term in terms:
        if not term.words or len(term.words) > LONGEST:
            raise RecipeError(
                f"{name}: '{' '.join(term.words)}' has {len(term.words)} words; allowed: 1 to {LONGEST}"
            )
        other = found.get(term.words)
        if other and other.kind == term.kind == "group" and other.means != term.means:
            raise RecipeError(
                f"{name}: '{' '.join(term.words)}' names {other.means} and {term.means}; keep it in one"
            )
        if other is None or term.kind == "nothing":
            found[term.words] = term
    return tuple(found.values())
