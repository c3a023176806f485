"""French words with gender and number, and what each becomes, from `rules/counterfactual/fr.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Kind = Literal["kin", "persons", "people", "owned"]
PREVOCALIC = {"nouveau": "nouvel", "beau": "bel", "vieux": "vieil", "fou": "fol"}
"""Masculine adjectives with a form of their own before a vowel."""
ASPIRATED = re.compile(
    r"h(?:ér(?:os|iss)|andicap|aut|ors|uit|onte|asard|ongr|ollandais|arcel|ardi|ugo)|onz|oui|ouistiti|yaourt"
)
VOWEL = re.compile(r"[aàâäeéèêëiîïoôöuùûüyœæh]")


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a word: its gender (empty: both), its number, and the same in the other gender."""

    gender: str
    plural: bool
    partner: str
    lemma: str
    """The masculine singular."""
    kind: Kind | Literal["adjective"]


@dataclass(frozen=True)
class Lexicon:
    """The words of the rules file, ready to look up; names of fields are the file's own."""

    nouns: Mapping[str, Form]
    owned: Mapping[str, Form]
    """The family's sense of words that have two: `femme` and `fille` after a possessive."""
    same_plural: Mapping[str, Form]
    """Plurals that are written like their singular: `fils`."""
    adjectives: Mapping[str, tuple[Form, ...]]
    double: Mapping[str, Mapping[str, frozenset[str]]]
    names: Mapping[str, tuple[str, str]]
    """A given name in lower case, its gender and its partner."""
    neutral_names: frozenset[str]
    other_names: frozenset[str]
    no_names: frozenset[str]
    words: Mapping[str, frozenset[str]]
    """Each list of words by its name in the file."""
    acts: frozenset[str]
    """Verb forms whose subject is a person."""
    may_act: frozenset[str]
    """Verb forms whose subject is most often a person."""
    stays: re.Pattern[str]
    reasons: Mapping[str, re.Pattern[str]]


@cache
def lexicon() -> Lexicon:
    """The French lexicon.

    >>> lexicon().nouns["voisine"].partner, lexicon().owned["femme"].partner
    ('voisin', 'mari')
    """
    place = files("rules").joinpath("counterfactual", "fr.toml")
    told = tomllib.loads(place.read_text("utf-8"))
    known = {name: listed(text) for table in ("words", "grammar") for name, text in told[table].items()}
    known |= {name: listed(text) for name, text in told["adjectives"].items() if isinstance(text, str)}
    plurals = dict(told["plurals"])
    nouns: dict[str, Form] = {}
    for kind in ("kin", "persons", "people"):
        for one in told[kind]:
            nouns.update(noun_forms(one, kind, plurals))
    owned: dict[str, Form] = {}
    for one in told["owned"]:
        owned.update(noun_forms(one, "owned", plurals))
    names: dict[str, tuple[str, str]] = {}
    for one, other in told["names"]["pairs"]:
        names[one.lower()] = ("m", other.lower())
        names[other.lower()] = ("f", one.lower())
    stays = "|".join(told["patterns"]["stays"]).replace(" ", r"[ \u00a0]")
    return Lexicon(
        nouns=nouns,
        owned=owned,
        same_plural={
            man: Form("m", True, plurals.get(woman) or plural_of(woman), man, kind)
            for kind in ("kin", "persons", "owned")
            for man, woman in told[kind]
            if man == (plurals.get(man) or plural_of(man))
        },
        adjectives=adjective_forms(told["adjectives"]),
        double={
            name: {side: listed(text) for side, text in sides.items()}
            for name, sides in told["double"].items()
        },
        names=names,
        neutral_names=listed(told["names"]["neutral"].lower()),
        other_names=listed(told["names"]["others"].lower()),
        no_names=listed(told["names"]["no_names"].lower()),
        words=known | {"other_languages": listed(told["other_languages"]["words"])},
        acts=conjugated(told["grammar"]["strong_er"]) | known["strong"],
        may_act=conjugated(told["grammar"]["weak_er"]) | known["weak"],
        stays=re.compile(rf"(?<![\w-])(?:{stays})(?![\w-])", re.IGNORECASE),
        reasons={
            name: re.compile("|".join(these), re.IGNORECASE)
            for name, these in told["patterns"]["reasons"].items()
        },
    )


def listed(text: str) -> frozenset[str]:
    """The words of a list in one string."""
    return frozenset(text.split())


def conjugated(stems: str) -> frozenset[str]:
    """Third persons and the participle of verbs of the first group, by their stems."""
    return frozenset(
        stem + end for stem in stems.split() for end in ("e", "ait", "era", "erait", "é", "ent", "a")
    )


def noun_forms(pair: list[str], kind: Kind, plurals: Mapping[str, str]) -> dict[str, Form]:
    """The four forms of a noun, two where both genders have one form."""
    man, woman = pair
    men, women = (plurals.get(one) or plural_of(one) for one in pair)
    if man == woman:
        return {man: Form("", False, man, man, kind), men: Form("", True, men, man, kind)}
    made = {
        man: Form("m", False, woman, man, kind),
        woman: Form("f", False, man, man, kind),
        women: Form("f", True, men, man, kind),
    }
    return made if men == man else made | {men: Form("m", True, women, man, kind)}


def adjective_forms(told: Mapping[str, object]) -> dict[str, tuple[Form, ...]]:
    """All forms of the adjectives and participles that the file lists."""
    found: dict[str, list[Form]] = {}
    pairs = [(one, other) for one, other in told["pairs"]]  # type: ignore[attr-defined]
    for ending, name in (("e", "e"), ("e", "participles")):
        pairs += [(one, one + ending) for one in str(told[name]).split()]
    pairs += [(one, one[:-1] + "se") for one in str(told["eux"]).split()]
    for one, other in dict.fromkeys(pairs):
        for form, made in forms_of(one, other):
            found.setdefault(form, []).append(made)
    for one in str(told["epicene"]).split():
        found.setdefault(one, []).append(Form("", False, one, one, "adjective"))
        found.setdefault(plural_of(one), []).append(Form("", True, plural_of(one), one, "adjective"))
    for lemma, before in PREVOCALIC.items():
        woman = found[lemma][0].partner
        found[before] = [Form("m", False, woman, lemma, "adjective")]
    return {form: tuple(dict.fromkeys(made)) for form, made in found.items()}


def forms_of(man: str, woman: str) -> Iterable[tuple[str, Form]]:
    """The four forms of an adjective with their partners."""
    men, women = plural_of(man), plural_of(woman)
    yield man, Form("m", False, woman, man, "adjective")
    yield woman, Form("f", False, man, man, "adjective")
    yield men, Form("m", True, women, man, "adjective")
    yield women, Form("f", True, men, man, "adjective")


def plural_of(word: str) -> str:
    """The plural by rule.

    >>> plural_of("nouveau"), plural_of("royal"), plural_of("heureux"), plural_of("amie")
    ('nouveaux', 'royaux', 'heureux', 'amies')
    """
    if word.endswith(("s", "x", "z")):
        return word
    if word.endswith(("eau", "eu")) and word != "bleu":
        return word + "x"
    if word.endswith("al") and word not in ("banal", "fatal", "final", "natal"):
        return word[:-2] + "aux"
    return word + "s"


def adjective(low: str) -> tuple[Form, ...]:
    """The forms that a word can be as an adjective or a participle; none where it is not known as one.

    Participles of the first group are known by their ending, adjectives of one form by theirs.

    >>> [(form.gender, form.partner) for form in adjective("fatiguée")]
    [('f', 'fatigué')]
    >>> adjective("zinzolin")
    ()
    """
    told = lexicon()
    if low in told.adjectives:
        return told.adjectives[low]
    if low in told.words["participle_not"]:
        return ()
    for ending, gender, plural, partner in (
        ("ées", "f", True, "és"), ("ée", "f", False, "é"), ("és", "m", True, "ées"), ("é", "m", False, "ée"),
    ):  # fmt: skip
        if low.endswith(ending):
            stem = low[: -len(ending)]
            if len(stem) < 2:
                return ()
            return (Form(gender, plural, stem + partner, stem + "é", "adjective"),)
    if low.endswith(("able", "ible", "ique", "iste", "aire")):
        return (Form("", False, low, low, "adjective"),)
    if low.endswith(("ables", "ibles", "iques", "istes", "aires")):
        return (Form("", True, low, low[:-1], "adjective"),)
    return ()


def noun(low: str) -> Form | None:
    """The form of a person's noun; trades of one form are known by their ending.

    >>> noun("guitariste").gender, noun("liste")
    ('', None)
    """
    told = lexicon()
    if low in told.nouns or low in told.words["not_persons"]:
        return told.nouns.get(low)
    if low.endswith(("iste", "logue", "iatre", "thérapeute")):
        return Form("", False, low, low, "persons")
    if low.endswith(("istes", "logues", "iatres", "thérapeutes")):
        return Form("", True, low, low[:-1], "persons")
    return None


def vowel(word: str) -> bool:
    """Whether a word begins with a vowel sound, before which articles are elided.

    >>> vowel("homme"), vowel("héros"), vowel("onze"), vowel("amie")
    (True, False, False, True)
    """
    low = word.lower()
    return bool(VOWEL.match(low)) and not ASPIRATED.match(low) and not re.match(r"y[aeiou]", low)
