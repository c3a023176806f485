"""The cheap question asked of every text before any Python: may something private stand in it?

Rust regular expressions per kind, wider than its detector and tight enough to let ordinary chat go by.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from curate.pii.asked import LEAD
from curate.pii.detect import Settings
from curate.pii.rules import rules

GAP = r"[ \t\n\r.\-/()\u00a0\u2000-\u200a\u202f\u2010-\u2015]{0,4}"
LETTER = r"(?:^|[^A-Za-z])"
ENCODED = (
    r"&(?:amp;)*(?:#|commat|nbsp|period|plus|num|lowbar|hyphen|dash)"
    r"|%(?:25)?(?:40|2[BbDdEe0])|\\u00|[\u00ad\u200b-\u200f\u2060\ufeff\uff0e\uff10-\uff19\uff20\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]|=\r?\n"
)
"""Codes that may hide a value: whatever has one goes to the detectors, which read it decoded."""


NUMERIC = ("phone", "iban", "card", "nir", "siren", "ssn")
"""Kinds whose values hold six digits or more, never far apart."""
SIX_DIGITS = r"(?:[0-9][^0-9]{0,8}){5}[0-9]"


@dataclass(frozen=True)
class Gate:
    """The expressions to ask: some of every text, some only of texts with six digits.

    One expression a kind, not one for all: joined, they outgrow the cache of the engine that runs them, which
    then is twenty times slower than asking them one after the other (measured on 60,000 messages).
    """

    of_all: tuple[str, ...]
    of_numbers: tuple[str, ...]

    def looks(self, texts: pl.Series) -> pl.Series:
        """Whether detectors must look at each text; false for null."""
        rows = texts.is_not_null().arg_true()
        some = texts.gather(rows)
        found = contains_any(some, self.of_all)
        numbers = some.str.contains(SIX_DIGITS).arg_true()
        found = found | scattered(
            some.len(), numbers.filter(contains_any(some.gather(numbers), self.of_numbers))
        )
        return scattered(texts.len(), rows.filter(found)).alias(texts.name)


def contains_any(texts: pl.Series, patterns: tuple[str, ...]) -> pl.Series:
    """Whether each text holds one of the patterns."""
    if not patterns or not texts.len():
        return pl.repeat(value=False, n=texts.len(), dtype=pl.Boolean, eager=True)
    column = pl.col("text").str
    asked = pl.any_horizontal([column.contains(pattern) for pattern in patterns])
    return texts.alias("text").to_frame().select(asked.alias("look")).to_series()


def scattered(length: int, rows: pl.Series) -> pl.Series:
    """A mask of `length` that holds at `rows`."""
    return pl.repeat(value=False, n=length, dtype=pl.Boolean, eager=True).scatter(rows, values=True)


@lru_cache(maxsize=64)
def gate(settings: Settings, names: tuple[str, ...] = ()) -> Gate:
    """The gate for the kinds of `settings`; never misses what their detectors find in plain text.

    `names` are folded words that are looked for besides.
    """
    joined = {kind: "|".join(f"(?:{part})" for part in kind_gate(kind)) for kind in sorted(settings.kinds)}
    of_all = [ENCODED, *(one for kind, one in joined.items() if one and kind not in NUMERIC)]
    of_all += [names_gate(list(names))] if names else []
    return Gate(tuple(of_all), tuple(one for kind, one in joined.items() if one and kind in NUMERIC))


def words_of(*lists: str) -> str:
    """An alternation of the words of rule lists, any case; spaces and accents as people write them."""
    words = sorted({word for name in lists for word in rules().words[name]})
    return "(?i:" + "|".join(accented(re.escape(word)) for word in words) + ")"


def accented(word: str) -> str:
    """The word so that it is found with and without French accents."""
    word = word.replace(r"\ ", r"\s+").replace("_", "[ _]")
    return word.replace("e", "[eéèê]").replace("a", "[aà]") if len(word) < 40 else word


def kind_gate(kind: str) -> list[str]:
    """The alternatives of one kind."""
    digits = rf"[0-9](?:{GAP}[0-9])"
    near = r"[^0-9<>]{0,44}"
    if kind == "email":
        return [
            r"\S@|\S\s@|@\s?\S+\.\S",
            r"[\[({<]\s?(?i:at|a|arobase|arrobase|arob)\s?[\])}>]",
            r"(?i:\s(?:at|arobase|arrobase|arob)\s.{1,60}\s(?:dot|point)\s)",
        ]
    if kind == "phone":
        return [
            rf"(?:\+\s?|(?-u:\b)00[ .\-]?)\(?[1-9](?:{GAP}[0-9]){{6}}",
            rf"(?-u:\b)0[1-9]{digits}{{7}}",
            rf"\(?0[0-9]{{1,4}}\)?{GAP[:-5]}+[0-9](?:{GAP}[0-9]){{6}}",
            r"\([0-9]{3}\)\s?[0-9]{3}|[0-9]{3}[.\-][0-9]{3}[ .\-\u2010-\u2015\u00a0][0-9]{4}",
            rf"[0-9>](?:\s/|,?\s(?:or|ou|and|et|puis|then|sinon|&))\s[a-z\s]{{0,8}}[0-9](?:{GAP}[0-9]){{6}}",
            rf"{LETTER}{words_of('phone.before')}[s:]?{near}[0-9](?:{GAP}[0-9]){{6}}",
            rf"[0-9](?:{GAP}[0-9]){{6}}(?:\s?(?:x|ext|poste).{{0,9}})?[\s(:\-\u2010-\u2015\u00a0]{{1,3}}{words_of('phone.after')}",
        ]
    if kind == "iban":
        return [
            r"(?-u:\b)[A-Za-z]{2}[0-9][0-9][ .\-\u00a0]{0,2}[A-Za-z0-9]{2}(?:[ .\-\u00a0]{0,2}[A-Za-z0-9]){9}"
        ]
    if kind == "card":
        grouped = (
            r"(?-u:\b)[2-6][0-9]{3}[ \-.\u00a0\u2010-\u2015]?[0-9]{2}(?:[ \-.\u00a0\u2010-\u2015]?[0-9]){8}"
        )
        return [
            grouped,
            r"(?-u:\b)(?:1800|2131)[ \-]?[0-9]{4}",
            rf"{words_of('card.context')}{near}[0-9](?:[ \-.\u00a0]?[0-9]){{11}}",
        ]
    if kind == "nir":
        gap, two, three = r"[\s.\-]?", "[0-9][0-9]", "[0-9]{3}"
        place = rf"(?:{two}|2[ABab])"
        spaced = rf"(?-u:\b)[1-478]\s?{two}\s?{two}{gap}{place}{gap}{three}{gap}{three}{gap}{two}(?-u:\b)"
        return [spaced, rf"{words_of('nir.context')}{near}[1-478](?:\s?[0-9ABab]){{12}}"]
    if kind == "siren":
        return [
            r"(?-u:\b)[0-9]{3}[\s.][0-9]{3}[\s.][0-9]{3}[\s.][0-9]{5}(?-u:\b)",
            rf"{words_of('siren.context')}{near}[0-9]{{3}}[\s.\-]?[0-9]{{3}}[\s.\-]?[0-9]{{3}}",
        ]
    return other_gate(kind, near)


def other_gate(kind: str, near: str) -> list[str]:
    """The alternatives of the kinds that are not long numbers."""
    if kind == "vat":
        return [r"(?-u:\b)FR[\s\-.]?[0-9A-Z]{2}[\s\-.]?[0-9]{3}[\s.]?[0-9]{3}[\s.]?[0-9]{3}"]
    if kind == "ssn":
        return [
            r"(?-u:\b)[0-9]{3}[\-\u2010-\u2015][0-9][0-9][\-\u2010-\u2015][0-9]{4}(?-u:\b)",
            rf"{words_of('ssn.context')}{near}[0-9]{{3}}[\- ]?[0-9][0-9][\- ]?[0-9]{{4}}",
        ]
    if kind == "ip":
        return [
            r"(?-u:\b)[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?-u:\b)",
            r"(?-u:\b)(?:[0-9A-Fa-f]{1,4}:){7}|(?-u:\b)[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]*::?",
        ]
    if kind == "mac":
        return [r"(?-u:\b)(?:[0-9A-Fa-f]{2}[:\-\u2010-\u2015]){5}[0-9A-Fa-f]{2}"]
    if kind == "crypto":
        return [
            r"(?-u:\b)0x[0-9a-fA-F]{40}|(?-u:\b)(?:bc1|[13])[0-9A-HJ-NP-Za-z]{25}|(?-u:\b)bc1[a-z0-9]{11}"
        ]
    if kind == "handle":
        return [r"@[A-Za-z]"]
    if kind == "secret":
        names = "|".join(re.escape(name) for name in sorted(rules().words["url.tokens"]))
        words = words_of("password.words")
        return [
            *(shape.start for shape in rules().secrets),
            r"://[^\s/@]*:",
            rf"[?&#;](?i:{names})=",
            rf'{LETTER}{words}"?\s{{0,2}}(?i:is|est|was|=>|:|=)',
            rf'(?i:"(?:{names})"\s*:)',
        ]
    return []


def answers_gate() -> str:
    """The expression for turns that may answer a question for a number, whatever the number's form."""
    return rf"^[^0-9<>]{{0,{LEAD}}}[0-9](?:{GAP}[0-9]){{6}}"


def names_gate(words: list[str]) -> str:
    """The expression for texts in which one of the (folded) words may stand, with or without accents."""
    return "(?i:" + "|".join(any_accent(word) for word in words) + ")"


SPELLINGS = {
    "a": "aàáâãäå",
    "c": "cçč",
    "e": "eèéêëě",
    "i": "iìíîï",
    "n": "nñ",
    "o": "oòóôõöø",
    "u": "uùúûü",
    "y": "yýÿ",
    "s": "sšś",
    "z": "zžź",
}


def any_accent(word: str) -> str:
    """A folded word so that it is found with its usual accents, composed or not."""
    return "".join(
        (f"[{SPELLINGS[char]}]" if char in SPELLINGS else re.escape(char)) + "[\u0300-\u036f\u200b\u00ad]*"
        for char in word
    )
