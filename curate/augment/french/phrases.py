"""Noun phrases: a determiner, adjectives, a noun, adjectives; who is a person and of which gender."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from curate.augment.french.lexicon import Form, adjective, lexicon, noun, vowel
from curate.augment.french.words import Token

DETERMINERS = {
    "le": ("m", False), "la": ("f", False), "l'": ("", False), "les": ("", True), "un": ("m", False),
    "une": ("f", False), "des": ("", True), "du": ("m", False), "au": ("m", False), "aux": ("", True),
    "mon": ("m", False), "ton": ("m", False), "son": ("m", False), "ma": ("f", False), "ta": ("f", False),
    "sa": ("f", False), "mes": ("", True), "tes": ("", True), "ses": ("", True), "notre": ("", False),
    "votre": ("", False), "leur": ("", False), "nos": ("", True), "vos": ("", True), "leurs": ("", True),
    "ce": ("m", False), "cet": ("m", False), "cette": ("f", False), "ces": ("", True), "quel": ("m", False),
    "quelle": ("f", False), "quels": ("m", True), "quelles": ("f", True), "aucun": ("m", False),
    "aucune": ("f", False), "chaque": ("", False), "tout": ("m", False), "toute": ("f", False),
    "plusieurs": ("", True), "quelques": ("", True), "deux": ("", True), "trois": ("", True),
    "quatre": ("", True), "cinq": ("", True), "six": ("", True), "sept": ("", True), "huit": ("", True),
    "neuf": ("", True), "dix": ("", True),
}  # fmt: skip
"""Each with its gender (empty: both) and whether it is a plural."""
COUNTED = ("deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix")
POSSESSIVE = (
    "mon",
    "ton",
    "son",
    "ma",
    "ta",
    "sa",
    "mes",
    "tes",
    "ses",
    "notre",
    "votre",
    "leur",
    "nos",
    "vos",
    "leurs",
)
OBJECTS = ("le", "la", "l'", "les")
TITLES = {"madame": ("f", "monsieur"), "monsieur": ("m", "madame"), "mme": ("f", "m."), "m.": ("m", "mme")}
DEGREES = (
    "très",
    "si",
    "trop",
    "plus",
    "bien",
    "assez",
    "plutôt",
    "vraiment",
    "tellement",
    "moins",
    "aussi",
    "peu",
)
INFLECTED = re.compile(
    r"(?:eu[xr]|euse|[iï]en|ienne|éen|éenne|if|ive|el|elle|al|ale|ère"
    r"|ais|aise|ois|oise|ette|otte|trice|onne|in|ine)\Z"
)
"""An unknown word so ending, right after a person, may be an adjective that would have to agree."""


class UnsureError(Exception):
    """A text cannot be swapped; its one argument is the reason."""


@dataclass(slots=True)
class Phrase:
    """A noun phrase: tokens `start` to `end`, its noun at `head`."""

    start: int
    head: int
    end: int
    kind: str
    """person, thing, time, or generic: a masculine plural for everyone."""
    gender: str
    """Empty where nothing tells it."""
    plural: bool
    form: Form | None = None
    """The noun's, for a person with a noun of its own."""
    determined: bool = True
    after_preposition: bool = False
    agreeing: list[int] = field(default_factory=list)
    """Adjectives inside of it, and the names and titles that go with it."""

    @property
    def swaps(self) -> bool:
        """Whether its gender is swapped."""
        return self.kind == "person"


def phrases(said: Sequence[Token]) -> list[Phrase]:
    """All noun phrases in order. Raises UnsureError for one that would not come back or is a group."""
    found: list[Phrase] = []
    n = 0
    while n < len(said):
        one = phrase_at(said, n)
        if one is None:
            n += 1
            continue
        before = said[one.start - 1].low if one.start else ""
        one.after_preposition = before in lexicon().words["prepositions"] or said[one.start].low in (
            "du",
            "au",
            "aux",
        )
        found.append(one)
        n = max(one.end, n + 1)
    return found


def phrase_at(said: Sequence[Token], n: int) -> Phrase | None:
    """The phrase that begins at token `n`, if one does."""
    token = said[n]
    if not token.word or token.clitic:
        return None
    if token.low in DETERMINERS and not is_object(said, n):
        return determined(said, n)
    if token.low in TITLES or token.low in ("mlle", "mademoiselle", "mr", "m"):
        return titled(said, n, n)
    if token.low in lexicon().names and token.text[0].isupper():
        gender, _ = lexicon().names[token.low]
        return Phrase(n, n, n + 1, "person", gender, False, determined=False)
    if token.low in lexicon().words["bare"]:
        return with_noun(said, n, n, [], determined=False)
    if token.low in ("cher", "chère") and n + 1 < len(said):
        then = said[n + 1]
        if then.low in TITLES:
            return titled(said, n, n + 1, [n])
        if then.low in lexicon().nouns:
            return with_noun(said, n, n + 1, [n], determined=False)
        if then.low in lexicon().names and then.text[0].isupper():
            return Phrase(
                n, n + 1, n + 2, "person", lexicon().names[then.low][0], False, None, False, False, [n]
            )
    return None


def is_object(said: Sequence[Token], n: int) -> bool:
    """Whether le, la, l', les is the object of a verb and no article."""
    told, low = lexicon(), said[n].low
    if low not in OBJECTS or n + 1 >= len(said) or not said[n + 1].word:
        return said[n].clitic
    before, then = said[n - 1].low if n else "", said[n + 1].low
    if (
        then in told.nouns
        or then in told.owned
        or then in told.words["times"]
        or then in told.words["before"]
    ):
        return False
    if low != "l'" and then in told.words["infinitives"] and before not in ("", "dans", "sur", "avec"):
        return True
    if before in told.words["before_object"] and not (before in ("nous", "vous") and not vowel_verb(then)):
        return True
    denied = before in ("pas", "plus", "jamais") and n > 1 and said[n - 2].low in ("ne", "n'")
    if (
        denied
        or before in ("pour", "de", "d'", "à", "sans")
        or (before in told.words["modal"] and low != "l'")
    ):
        verb = then.endswith("er") and then not in told.words["not_infinitives"]
        return verb or then in told.words["infinitives"] or then in told.words["have"] - {"a"}
    return then in told.words["have"] and low == "l'" and then != "avoir"


def vowel_verb(low: str) -> bool:
    """Whether a word is a verb that we know; after `nous` and `vous` an article may follow too."""
    told = lexicon()
    return (
        low in told.words["have"]
        or low in told.words["modal"]
        or low.endswith(("ons", "ez"))
        or low in told.acts
    )


def determined(said: Sequence[Token], n: int) -> Phrase | None:
    """A phrase with a determiner."""
    told = lexicon()
    gender, plural = DETERMINERS[said[n].low]
    if said[n].low in ("mon", "ton", "son"):
        gender = ""
    k = n + 1
    counted = said[n].low in COUNTED
    while k < len(said) and (said[k].low in COUNTED or said[k].kind == "number"):
        counted, plural, k = True, True, k + 1
    before: list[int] = []
    while k + 1 < len(said) and goes_before(said, k):
        before.append(k)
        k += 1
    if k >= len(said) or said[k].kind in ("mark", "number") or said[k].clitic:
        return nominal(said, n, before, gender, plural) if before else None
    low = said[k].low
    if low in told.words["no_return"]:
        raise UnsureError("no_return")
    prefix, _, base = low.partition("-")
    if prefix in told.words["prefixes"] and (base in told.nouns or base in told.owned):
        old = told.owned.get(base) or told.nouns[base]
        return with_noun(said, n, k, before, replace(old, partner=f"{prefix}-{old.partner}"))
    owner = said[n].low in POSSESSIVE
    if low in told.owned and (owner or low in ("mari", "maris") or of_person(said, k)):
        family = told.same_plural[low] if plural and low in told.same_plural else told.owned[low]
        return with_noun(said, n, k, before, family)
    form = told.same_plural[low] if plural and low in told.same_plural else noun(low)
    if form is not None and is_person(said, k):
        whose = owner or counted or of_person(said, k)
        if form.plural and form.kind in ("people", "kin") and not whose:
            raise UnsureError("group")
        return with_noun(said, n, k, before, form)
    if low in told.owned:
        raise UnsureError("no_return")
    if low in TITLES:
        raise UnsureError("ambiguous")
    if low in told.names and said[k].text[0].isupper():
        raise UnsureError("name")
    if low in told.words["clitics"] or low in told.words["prepositions"]:
        return nominal(said, n, before, gender, plural) if before else None
    if "-" in low and any(part in told.nouns or part in told.owned for part in low.split("-")):
        raise UnsureError("agreement")
    if low in ("plus", "moins") and k == n + 1:
        return Phrase(n, k, k + 1, "nominal", gender, plural)
    named = told.words["nominal"] | told.words["of_people"]
    alone = k + 1 >= len(said) or said[k + 1].low not in ("d'", "de")
    if low in ("autre", "nôtre", "vôtre") or (
        alone and any(one.gender and one.lemma in named for one in adjective(low))
    ):
        return Phrase(n, k, k + 1, "nominal", genders(said, k, plural) or gender, plural)
    kind = "time" if low in told.words["times"] else "thing"
    gender = gender or thing_gender(said, n, before)
    made = Phrase(n, k, k + 1, kind, gender, plural or said[n].low in ("les",))
    made.end = after_noun(said, made)
    return made


def goes_before(said: Sequence[Token], k: int) -> bool:
    """Whether token `k` is an adjective before the noun of its phrase."""
    told, low = lexicon(), said[k].low
    if not said[k].word or not any(one.lemma in told.words["before"] for one in adjective(low)):
        return False
    then = said[k + 1]
    return then.kind == "hole" or (then.word and not then.clitic and then.low not in told.words["stop"])


def nominal(said: Sequence[Token], n: int, before: list[int], gender: str, plural: bool) -> Phrase:
    """An adjective that stands for a noun: the little one. Nothing tells whether it is a person."""
    return Phrase(n, before[-1], before[-1] + 1, "nominal", gender, plural)


def thing_gender(said: Sequence[Token], n: int, before: list[int]) -> str:
    """The gender of a thing's phrase by its adjectives, where the determiner tells none."""
    for k in before:
        genders = {one.gender for one in adjective(said[k].low)}
        if len(genders) == 1:
            return genders.pop()
    return ""


def of_person(said: Sequence[Token], k: int) -> bool:
    """Whether `de` and a person follow the noun: the daughter of my neighbour."""
    then = [one.low for one in said[k + 1 : k + 5]]
    told = lexicon()
    if not then or then[0] not in ("de", "d'", "du"):
        return False
    rest = then[1:] if then[0] == "du" else [one for one in then[1:] if one not in DETERMINERS]
    return bool(rest) and any(
        one in told.nouns or one in told.owned or one in told.names or one in told.neutral_names
        for one in rest[:2]
    )


def is_person(said: Sequence[Token], k: int) -> bool:
    """Whether a noun is a person here. Raises UnsureError where it may be a thing as well."""
    sides = lexicon().double.get(said[k].low.removesuffix("s"))
    if sides is None:
        return True
    around = {one.low for one in sentence(said, k)}
    if around & sides["thing"]:
        return False
    humans = lexicon().words["of_people"]
    if around & sides["person"] or any(one.lemma in humans for low in around for one in adjective(low)):
        return True
    raise UnsureError("ambiguous")


def sentence(said: Sequence[Token], k: int) -> Sequence[Token]:
    """The sentence of a token."""
    start, end = k, k
    while start and not said[start - 1].ends:
        start -= 1
    while end < len(said) and not said[end].ends:
        end += 1
    return said[start:end]


def titled(said: Sequence[Token], start: int, n: int, before: Sequence[int] = ()) -> Phrase:
    """A title, with the name after it."""
    if said[n].low not in TITLES:
        raise UnsureError("no_return")
    gender, _ = TITLES[said[n].low]
    made = Phrase(start, n, n + 1, "person", gender, False, None, False, False, list(before))
    while made.end < len(said) and (said[made.end].kind == "hole" or said[made.end].text[:1].isupper()):
        if said[made.end].low in lexicon().words["titles"] or said[made.end].first:
            break
        made.end += 1
    if made.end - n > 2 and said[n + 1].low in lexicon().names:
        made.agreeing.append(n + 1)  # a name alone after a title is a surname
    return made


def with_noun(
    said: Sequence[Token],
    n: int,
    k: int,
    before: list[int],
    form: Form | None = None,
    *,
    determined: bool = True,
) -> Phrase:
    """The phrase of a person's noun. Raises UnsureError where its words do not agree."""
    form = form or lexicon().nouns[said[k].low]
    gender, plural = DETERMINERS[said[n].low] if determined else ("", form.plural)
    plural = plural or (determined and said[n + 1].low in COUNTED)
    if determined and said[n].low in ("mon", "ton", "son") and (vowel(said[n + 1].low)):
        gender = ""
    told = {gender, form.gender, *(genders(said, j, form.plural) for j in before)} - {""}
    if len(told) > 1 or (determined and plural != form.plural):
        raise UnsureError("ambiguous")
    made = Phrase(n, k, k + 1, "person", "".join(told), form.plural, form, determined, False, list(before))
    if form.plural and form.kind == "persons":
        if form.gender == "f":
            raise UnsureError("no_return")
        made.kind = "generic"
    made.end = after_noun(said, made)
    return made


def genders(said: Sequence[Token], j: int, plural: bool) -> str:
    """The gender that an adjective shows, or nothing."""
    told = {one.gender for one in adjective(said[j].low) if one.plural == plural}
    return told.pop() if len(told) == 1 else ""


def after_noun(said: Sequence[Token], made: Phrase) -> int:
    """The end of a phrase with the adjectives after its noun; they are noted as agreeing."""
    k = made.head + 1
    told = lexicon()
    while k < len(said):
        j = k
        if said[j].low in ("et", "mais") and made.agreeing and made.agreeing[-1] == k - 1:
            j += 1
        while j < len(said) and (said[j].low in DEGREES or said[j].low in told.words["adverbs"]):
            j += 1
        if j >= len(said) or not said[j].word or said[j].clitic or said[j].first:
            break
        low = said[j].low
        if low in told.words["homographs"] or (j > k and said[k].low in ("et", "mais") and low in told.nouns):
            break
        forms = [
            one
            for one in adjective(low)
            if one.plural == made.plural and (not one.gender or not made.gender or one.gender == made.gender)
        ]
        if not forms or low in told.words["stop"]:
            break
        if not made.gender and forms[0].gender:
            made.gender = forms[0].gender
        made.agreeing.append(j)
        k = j + 1
    if (
        made.kind == "person"
        and k < len(said)
        and said[k].word
        and said[k].text[0].isupper()
        and not said[k].first
    ):
        name = said[k].low
        if name in told.names and (told.names[name][0] == made.gender or not made.gender):
            made.gender = told.names[name][0]
            made.agreeing.append(k)
            return k + 1
        if name in told.neutral_names:
            return k + 1
    if made.kind == "person" and k < len(said) and may_agree(said[k]):
        raise UnsureError("agreement")
    return k


def may_agree(token: Token) -> bool:
    """Whether an unknown word may be an adjective that would have to agree."""
    told, low = lexicon(), token.low
    if not token.word or token.clitic or token.text[0].isupper() or adjective(low):
        return False
    known = low in told.acts | told.may_act or any(
        low in told.words[name] for name in ("stop", "adverbs", "be", "have", "modal")
    )
    return not known and bool(INFLECTED.search(low))
