"""The state of one text's agreement: what changes, what is known to agree, what is left in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from curate.augment.french.lexicon import Form, adjective, noun, vowel
from curate.augment.french.phrases import Phrase, UnsureError
from curate.augment.french.words import Token


@dataclass
class Work:
    """The words of a text that swap, in `changed`, each with its new form in lower case."""

    said: Sequence[Token]
    earlier: Sequence[Token]
    found: list[Phrase] = field(default_factory=list)
    changed: dict[int, str] = field(default_factory=dict)
    owned: set[int] = field(default_factory=set)
    """Words whose agreement is known, changed or not."""
    doubtful: bool = False
    """A word that we do not know may be a person."""
    loose: set[int] = field(default_factory=set)
    """Words that agree with someone or something unknown."""
    speaking: set[str] = field(default_factory=set)
    """Genders that the speaker shows."""
    addressed: set[str] = field(default_factory=set)

    def swap(self, k: int, gender: str, plural: bool) -> None:
        """Change one word that agrees. Raises UnsureError where its gender is another than that."""
        low = self.said[k].low
        self.owned.add(k)
        forms = [one for one in adjective(low) if one.plural == plural]
        known = noun(low)
        fit = next((one for one in forms if one.gender == gender), None)
        if fit is not None:
            self.changed[k] = fit.partner
            before = self.said[k - 1].low if k else ""
            if before in ("tout", "toute") and k - 1 not in self.changed:
                self.changed[k - 1] = "toute" if gender == "m" and not vowel(fit.partner) else "tout"
        elif known is not None and known.gender in (gender, "") and known.plural == plural:
            self.changed[k] = known.partner
        elif not any(not one.gender for one in forms) and not (known and not known.gender):
            raise UnsureError("ambiguous")

    def shown(self, words: Sequence[int], plural: bool) -> str:
        """The gender that these words show, or nothing."""
        for k in words:
            told = noun(self.said[k].low)
            forms = [one for one in adjective(self.said[k].low) if one.plural == plural]
            shown = {one.gender for one in forms} or {told.gender if told and told.plural == plural else ""}
            if shown - {""}:
                return (shown - {""}).pop()
        return ""

    def form(self, k: int, gender: str, plural: bool) -> Form | None:
        """The form of a word as an adjective of this gender and number, if it can be one."""
        return next(
            (one for one in adjective(self.said[k].low) if one.gender == gender and one.plural == plural),
            None,
        )

    def inside(self, n: int) -> bool:
        """Whether a word stands in a phrase of a thing."""
        return any(one.start <= n < one.end and not one.swaps for one in self.found)

    def within(self, n: int) -> bool:
        """Whether a word stands in a phrase."""
        return any(one.start <= n < one.end for one in self.found)
