"""Sentences, numbers and dates of a page in one language, from `words_<lang>.toml`."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from reports.shapes import ReportError

LANGUAGES = ("en", "fr")
BEFORE = re.compile(" (?=[;:!?»%])")
AFTER = re.compile("(?<=«) ")


class Words:
    """Callable by dotted key: `words("head.kept", n=3, kept=2)`. Integers are written as the language does.

    >>> words = load("en")
    >>> words("head.kept", n=1234, kept=1000)
    '1,000 of 1,234 conversations are kept.'
    >>> load("fr")("numbers.messages", n=1)
    '1 message'
    """

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.lang = str(table["lang"])
        self.table = bound(table) if self.lang == "fr" else table

    def __call__(self, key: str, **values: Any) -> str:
        """The sentence at `key`, filled in. Raises KeyError for a key or a value that is not there."""
        form = self.get(key)
        if isinstance(form, dict):
            form = form[self.plural(int(values["n"]))]
        said = {name: self.number(v) if isinstance(v, int) else v for name, v in values.items()}
        return str(form).format_map(said)

    def get(self, key: str) -> Any:
        """What stands at `key`, as it is. Raises KeyError where nothing does."""
        found: Any = self.table
        for step in key.split("."):
            try:
                found = found[step]
            except (KeyError, TypeError):
                raise KeyError(f"words_{self.lang}.toml has no '{key}'") from None
        return found

    def name(self, table: str, key: str) -> str:
        """The plain name of a code (a language, a role, a kind), or the code itself.

        >>> load("en").name("languages", "fr"), load("en").name("languages", "xx")
        ('French', 'xx')
        """
        return str(self.get(table).get(key, key))

    def plural(self, n: int) -> str:
        """`one` or `other`: French has `one` for none too (Unicode CLDR, plural rules)."""
        return "one" if n == 1 or (n == 0 and self.lang == "fr") else "other"

    def number(self, n: float, decimals: int = 0) -> str:
        """A number with the language's separators.

        >>> load("fr").number(12345.5, 1)
        '12\\u202f345,5'
        """
        plain = f"{n:,.{decimals}f}"
        signs: dict[str, str] = {",": self.get("number.thousands"), ".": self.get("number.decimal")}
        return "".join(signs.get(sign, sign) for sign in plain)

    def at_least(self, n: float, decimals: int) -> str:
        """A number rounded down, as evidence is: what is under a limit never reads as at it.

        >>> load("en").at_least(0.8889, 2), load("fr").at_least(0.57, 2)
        ('0.88', '0,57')
        """
        return self.number(math.floor(n * 10**decimals + 1e-6) / 10**decimals, decimals)

    def signed(self, n: float, decimals: int = 0) -> str:
        """A difference with its sign; none for 0.

        >>> load("en").signed(-1200), load("en").signed(3), load("en").signed(0)
        ('−1,200', '+3', '0')
        """
        sign = "" if n == 0 else "−" if n < 0 else "+"
        return sign + self.number(abs(n), decimals)

    def percent(self, part: float, whole: float = 1.0) -> str:
        """A share in percent, rounded so that neither "none" nor "all" is claimed where it is not so.

        >>> words = load("en")
        >>> words.percent(1, 3), words.percent(0, 3), words.percent(1, 9_999), words.percent(9_998, 9_999)
        ('33%', '0%', '<0.1%', '>99.9%')
        """
        share = 100 * part / whole if whole else 0.0
        form = str(self.get("number.percent"))
        if 0 < share < 0.1:
            return "<" + form.format(n=self.number(0.1, 1))
        if 99.9 < share < 100:
            return ">" + form.format(n=self.number(99.9, 1))
        near_an_end = 0 < share < 10 or 90 < share < 100
        decimals = 1 if near_an_end and f"{share:.1f}"[-1] != "0" else 0
        return form.format(n=self.number(share, decimals))

    def date(self, iso: str) -> str:
        """A moment in words; text that is no date stays as it is."""
        try:
            moment = datetime.fromisoformat(iso)
        except ValueError:
            return iso
        if moment.tzinfo:
            moment = moment.astimezone(UTC)
        month = self.get("date.months")[moment.month - 1]
        form = self.get("date.form")
        return str(form.format(day=moment.day, month=month, year=moment.year, time=f"{moment:%H:%M}"))


def bound(told: Any) -> Any:
    """French sentences with their signs bound to the word before: a line never begins with `;` or `»`.

    >>> bound({"a": "Oui ; « non » ?"})
    {'a': 'Oui\u202f; «\u202fnon\u202f»\u202f?'}
    """
    if isinstance(told, dict):
        return {key: bound(value) for key, value in told.items()}
    if isinstance(told, list):
        return [bound(value) for value in told]
    return BEFORE.sub("\u202f", AFTER.sub("\u202f", told)) if isinstance(told, str) else told


@cache
def load(lang: str) -> Words:
    """The words of a language. Raises ReportError for one that there is no file for."""
    if lang not in LANGUAGES:
        raise ReportError(f"no report in language '{lang}'; allowed: {', '.join(LANGUAGES)}")
    text = resources.files("reports").joinpath(f"words_{lang}.toml").read_text(encoding="utf-8")
    return Words(tomllib.loads(text))
