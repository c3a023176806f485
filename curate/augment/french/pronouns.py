"""Which pronouns stand for a person whose gender is swapped: il, elle, lui, le, la and their plurals.

A pronoun that may stand for a thing makes a text unsure. It is a person's where only a person does what its
verb says, or where nothing else of its gender and number was named before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from curate.augment.french.lexicon import adjective, lexicon
from curate.augment.french.phrases import COUNTED, DETERMINERS, OBJECTS, Phrase, UnsureError, is_object
from curate.augment.french.predicates import Chain
from curate.augment.french.subjects import adverb, by_phrases
from curate.augment.french.words import Token

SUBJECTS = {
    "il": ("m", False, "elle"),
    "elle": ("f", False, "il"),
    "ils": ("m", True, "elles"),
    "elles": ("f", True, "ils"),
}
STRESSED = {
    "lui": ("m", False, "elle"),
    "elle": ("f", False, "lui"),
    "eux": ("m", True, "elles"),
    "elles": ("f", True, "eux"),
}
ASKED = ("quel", "quelle", "quels", "quelles")
POINTING = {
    "celui": ("m", False), "celle": ("f", False), "ceux": ("m", True), "celles": ("f", True),
    "lequel": ("m", False), "laquelle": ("f", False), "lesquels": ("m", True), "lesquelles": ("f", True),
    "auquel": ("m", False), "duquel": ("m", False), "mien": ("m", False), "mienne": ("f", False),
    "tien": ("m", False), "tienne": ("f", False), "sien": ("m", False), "sienne": ("f", False),
    "chacun": ("m", False), "chacune": ("f", False),
}  # fmt: skip
"""Pronouns that point at someone or something, which we do not follow."""


@dataclass
class Named:
    """What a text has named up to a place."""

    persons: list[Phrase]
    things: list[Phrase]


@dataclass
class References:
    """The pronouns of a text: `swapped` has what each becomes, `kept` those that stand for things."""

    said: Sequence[Token]
    found: Sequence[Phrase]
    chained: Sequence[Chain]
    earlier: Sequence[Phrase]
    """The phrases of the message before."""
    swapped: dict[int, str] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)

    def resolve(self) -> None:
        """Go through the text. Raises UnsureError for a pronoun that may stand for two things."""
        for n, token in enumerate(self.said):
            if not token.word:
                continue
            if token.low in POINTING:
                self.point(n)
            elif token.low in OBJECTS and token.low != "l'" and is_object(self.said, n):
                self.object(n)
            elif self.stressed(n):
                self.person(n, *STRESSED[token.low], strong=False, stressed=True)
            elif token.low in SUBJECTS and not self.repeated(n):
                self.person(n, *SUBJECTS[token.low], strong=self.acts(n), stressed=False)

    def named(self, n: int, gender: str, plural: bool) -> Named:
        """Persons and things of this gender and number that are named before token `n`."""
        before = [one for one in self.found if one.start < n and one.plural == plural]
        same = [one for one in before if one.gender in (gender, "")]
        return Named(
            [one for one in same if one.kind == "person"],
            [one for one in same if one.kind in ("thing", "generic", "nominal")],
        )

    def fresh(self, n: int, gender: str, plural: bool) -> Named:
        """The same, without the things named before the person of whom the text speaks: the last subject
        that is one, in this sentence or the one before."""
        named = self.named(n, gender, plural)
        said_of = [one for one in self.chained if one.subject.token == n]
        human = not any(one.words for one in said_of) or any(
            self.of_person(k) for one in said_of for k in one.words
        )
        subjects = [
            one.start
            for one in named.persons
            if not one.after_preposition or (human and self.said[one.start - 1].low not in ("de", "d'"))
        ]
        both = SUBJECTS | STRESSED
        subjects += [
            k
            for k in self.swapped
            if k < n and self.said[k].low in SUBJECTS and both[self.said[k].low][:2] == (gender, plural)
        ]
        last = max(subjects, default=-1)
        ends = sum(one.ends and one.text != "\n" for one in self.said[last:n]) if last >= 0 else 9
        if ends > 1:
            return named
        return Named(named.persons, [one for one in named.things if one.start > last])

    def seen(self, n: int, gender: str, plural: bool) -> bool:
        """Whether a pronoun of this gender before token `n` was a person's."""
        both = SUBJECTS | STRESSED
        return any(
            k < n and both.get(self.said[k].low, ("", False))[:2] == (gender, plural) for k in self.swapped
        )

    def person(self, n: int, gender: str, plural: bool, other: str, *, strong: bool, stressed: bool) -> None:
        """Decide on a subject or a stressed pronoun."""
        named = self.fresh(n, gender, plural)
        known = bool(named.persons) or self.seen(n, gender, plural)
        if strong or (known and not named.things):
            self.swapped[n] = other
        elif named.things and not known and not self.anyone():
            self.kept.add(n)
        elif named.things or plural:
            if plural and not known and gender == "m":
                self.kept.add(n)
                return
            raise UnsureError(self.doubt(n))
        elif self.alone(n, gender, stressed):
            self.swapped[n] = other
        else:
            raise UnsureError(self.doubt(n))

    def doubt(self, n: int) -> str:
        """Why a pronoun cannot be told: what is said of it may be unknown as well."""
        unread = any(one.subject.token == n and one.unread >= 0 for one in self.chained)
        return "agreement" if unread and not self.found else "ambiguous"

    def alone(self, n: int, gender: str, stressed: bool) -> bool:
        """Whether a pronoun for which nothing was named here is a person's."""
        same = [one for one in self.earlier if not one.plural and one.gender in (gender, "")]
        if any(one.kind in ("thing", "generic", "nominal") for one in same):
            return False
        if any(one.kind == "person" for one in same):
            return True
        return stressed or bool(self.verbs(n) & lexicon().may_act)

    def anyone(self) -> bool:
        """Whether the text names a person at all."""
        return bool(self.swapped) or any(one.kind == "person" for one in self.found)

    def repeated(self, n: int) -> bool:
        """Whether a pronoun after its verb repeats a subject before it; it is then decided by that."""
        if not self.said[n].clitic:
            return False
        who = by_phrases(self.said, self.found, n - 2, n - 1)
        if who.kind == "phrase" and self.said[who.phrases[0].start].low in ASKED:
            return False  # what help can he ask for: an object
        if who.kind == "phrase":
            if who.phrases[0].swaps:
                self.swapped[n] = SUBJECTS[self.said[n].low][2]
            else:
                self.kept.add(n)
        return who.kind == "phrase"

    def point(self, n: int) -> None:
        """A pronoun that points is a thing's where nobody of its gender is named."""
        gender, plural = POINTING[self.said[n].low]
        named = self.named(n, gender, plural)
        if named.persons or self.seen(n, gender, plural):
            raise UnsureError("ambiguous")

    def object(self, n: int) -> None:
        """Le, la, les before a verb."""
        low = self.said[n].low
        if low == "les":
            return
        if low == "le" and n + 1 < len(self.said) and self.said[n + 1].low in lexicon().words["neutral"]:
            return
        gender = "m" if low == "le" else "f"
        named = self.named(n, gender, False)
        if not named.persons and not self.seen(n, gender, False):
            return
        if named.things:
            raise UnsureError("ambiguous")
        self.swapped[n] = "la" if low == "le" else "le"

    def stressed(self, n: int) -> bool:
        """Whether a pronoun stands by itself: after a preposition, after `c'est`, at the end."""
        said, low = self.said, self.said[n].low
        if low not in STRESSED or said[n].clitic:
            return False
        told = lexicon().words
        before = said[n - 1].low if n else ""
        then = said[n + 1] if n + 1 < len(said) else None
        ends = (
            then is None
            or then.kind == "mark"
            or then.low in ("même", "mêmes", "aussi", "non", "seul", "seule")
            or (then.low in told["boundary"] | told["prepositions"] and then.low not in ("en", "s'"))
        )
        if low in ("lui", "eux") and (said[n].first or before == ","):
            return True
        if n and said[n - 1].kind == "mark" and then is not None and then.kind == "mark":
            return True
        if then is not None and then.low in ("même", "mêmes", "qui"):
            return True
        if before in told["be"] and n > 1 and said[n - 2].low in ("c'", "ce"):
            return True
        if before in told["prepositions"] - {"comme"}:
            if low == "lui" and before in ("pour", "de", "à", "sans") and then is not None:
                return not (
                    then.low.endswith(("er", "ir", "re", "oir")) and then.low not in told["not_infinitives"]
                )
            return True
        if low in ("lui", "eux"):
            return before in ("que", "comme", "et", "ni", "ou", "mais") or (said[n].first and ends)
        return ends and (before in ("qu'", "que", "comme", "et", "ni", "ou", "") or said[n].first)

    def verbs(self, n: int) -> set[str]:
        """The verb of which a pronoun is the subject, with its participle or infinitive where it has one."""
        said, told = self.said, lexicon().words
        if said[n].clitic:
            k = n - 1
        else:
            k = n + 1
            while k < len(said) and said[k].low in told["clitics"]:
                k += 1
        if k >= len(said):
            return set()
        if said[k].low in told["have"] or said[k].low in told["modal"]:
            j = max(k, n) + 1
            while j < len(said) and (
                said[j].low in told["adverbs"] or said[j].low in told["clitics"] or adverb(said[j])
            ):
                j += 1
            if j < len(said) and (adjective(said[j].low) or said[j].low.endswith(("er", "ir", "re"))):
                return {said[k].low, said[j].low}
        return {said[k].low}

    def acts(self, n: int) -> bool:
        """Whether only a person is or does what is said of the pronoun."""
        told = lexicon()
        verbs = self.verbs(n)
        if verbs & told.acts or any(one.endswith("er") and one[:-2] + "e" in told.acts for one in verbs):
            return True
        if verbs & {"appelle", "appelait"} and self.said[n + 1 - 2 * self.said[n].clitic].low == "s'":
            return True
        if verbs & told.words["have"]:
            rest = [one.low for one in self.said[n + 1 : n + 5]]
            if "ans" in rest and any(
                one in COUNTED or one.isdigit() or one not in DETERMINERS for one in rest[1:3]
            ):
                return True
        for chain in self.chained:
            if chain.subject.kind == "pronoun" and chain.subject.token == n:
                return any(self.of_person(k) for k in chain.words)
        return False

    def of_person(self, k: int) -> bool:
        """Whether a word says what only a person is."""
        told, low = lexicon(), self.said[k].low
        if low in told.nouns:
            return low.removesuffix("s") not in told.double
        return any(one.lemma in told.words["of_people"] for one in adjective(low))
