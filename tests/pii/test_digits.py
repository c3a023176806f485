"""The cheap looks at a text's digits spare detectors and change nothing of what they find."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path

import phonenumbers
import pytest

from curate.pii.detect import DETECTORS, OF_DIGITS
from curate.pii.digits import digits_only, possible_kinds
from curate.pii.known import national
from curate.pii.phones import foreign, local_numbers, parsed, possible, regular, valid
from curate.pii.view import view

CASES = Path(__file__).parent.parent / "cases"
POSITIVE = tomllib.loads((CASES / "pii_positive.toml").read_text(encoding="utf-8"))["case"]
NUMBERS = (
    "FR14 2004 1010 0505 0001 3M02 606",
    "4111 1111 1111 1111",
    "378282246310005",
    "2 55 08 14 168 025 38",
    "secu 255081416802538",
    "siren 732 829 320",
    "siren 732-829-320",
    "siret 732 829 320 00074",
    "FR44 732829320",
    "460-89-9847",
    "ssn 460899847",
    "92.184.100.7",
    "2001:4860::1",
    "2001:4860:4860:0:0:0:0:8888",
    "00:1B:44:11:3A:B7",
    "00-1b-44-11-3a-b7",
)


def alone(kind: str, text: str) -> bool:
    """Whether the detector of a kind finds anything when it is asked whatever the digits say."""
    return any(DETECTORS[kind](text, ""))


def altered(text: str, chance: random.Random) -> str:
    """The text with a few characters put in, changed or left out."""
    for _ in range(chance.randint(0, 3)):
        place = chance.randint(0, len(text))
        text = text[:place] + chance.choice("0129 .-:/AB(x\n") + text[place + chance.randint(0, 1) :]
    return text


@pytest.mark.parametrize("number", NUMBERS)
def test_every_kind_of_number_is_allowed_where_its_detector_finds_one(number: str) -> None:
    found = {kind for kind in OF_DIGITS - {"phone"} if alone(kind, number)}
    assert found
    assert found <= possible_kinds(number)


def test_no_detector_finds_what_the_look_at_the_digits_ruled_out() -> None:
    chance = random.Random(7)
    texts = [view(case["original"]).text for case in POSITIVE] + list(NUMBERS)
    for _ in range(1500):
        text = altered(" ".join(chance.sample(texts, 2)), chance)
        kinds = possible_kinds(text)
        # Long kinds need seven digits near each other besides, as they always did.
        asked = OF_DIGITS - {"phone"} if "phone" in kinds else {"iban", "ip", "mac"}
        assert not [kind for kind in asked - kinds if alone(kind, text)], text


def test_the_digits_of_a_text_are_taken_whatever_else_it_has() -> None:
    assert digits_only("+33 (0)6·12–34 x5") == "330612345"


def written(chance: random.Random) -> str:
    """A number as somebody may write it, right or wrong."""
    begin = chance.choice(
        ("+33", "+1", "+1 ", "0", "(0", "", "1 ", "+33 (0)", "0033", "+44", "00", "+11", "33", "34")
    )
    return begin + "".join(
        chance.choice("012345678901234567890123456789 .-/()") for _ in range(chance.randint(8, 13))
    )


def by_the_library(text: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def test_numbers_read_without_the_library_are_what_it_reads() -> None:
    chance = random.Random(11)
    short = 0
    for _ in range(1500):
        text = written(chance)
        for region in ("FR", "US", "CA", None):
            if region is None and not text.startswith("+"):
                continue
            number = by_the_library(text, region)
            assert parsed(text, region) == number, (text, region)
            if number is not None:
                assert possible(number) == phonenumbers.is_possible_number(number), text
                assert valid(number) == phonenumbers.is_valid_number(number), text
        key = "+" + digits_only(text)
        if regular(key)[0]:
            number = by_the_library(key, None)
            assert number is not None
            assert national(key) == (str(number.country_code), str(number.national_number))
            short += 1
    assert short > 20


@pytest.mark.parametrize("region", ["FR", "BE", "CH", "ES", "DE", "IT", "GB", "AU", "US"])
def test_a_number_called_foreign_is_not_valid_in_the_region(region: str) -> None:
    chance = random.Random(13)
    for _ in range(1000):
        text = written(chance)
        if foreign(text, region):
            number = by_the_library(text, region)
            assert number is None or not phonenumbers.is_valid_number(number), text


def test_only_regions_with_a_country_code_of_their_own_are_told_by_length() -> None:
    assert local_numbers("FR") == ("33", frozenset({9}))
    assert local_numbers("US")[0] == local_numbers("GB")[0] == local_numbers("ZZ")[0] == ""
