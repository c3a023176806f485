"""Numbers with a check digit: bank accounts, cards, French and US identity and company numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curate.pii import context, validators
from curate.pii.kinds import Found
from curate.pii.rules import rules

IBAN = re.compile(r"(?<![^\W_])([A-Za-z]{2}\d\d)((?:[ .\-]{0,2}[A-Za-z0-9]){11,32})")
CARD = re.compile(r"\d(?<!\w\d)(?<!\d[.\-]\d)(?:[ \-.]?\d){11,22}(?!\w)(?!\.\d)")
NIR = re.compile(
    r"[1-478](?<!\w\d) ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d)(?:[ .\-]?)(?:\d\d|2[ABab])"
    r"(?:[ .\-]?)\d{3}[ .\-]?\d{3}[ .\-]?\d\d(?!\w)"
)
NIR_ANNOUNCED = re.compile(r"[1-478](?<!\w\d)(?: ?[\dABab]){12,14}(?!\w)")
SIRET = re.compile(r"\d(?<!\w\d)\d\d[ .]?\d{3}[ .]?\d{3}[ .]?\d{5}(?!\w)")
SIREN = re.compile(r"\d(?<!\w\d)\d\d[ .\-]?\d{3}[ .\-]?\d{3}(?!\w)(?! \d{5})")
FRENCH_VAT = re.compile(r"FR(?<!\wFR)[ \-.]?([0-9A-HJ-NP-Z]{2})[ \-.]?(\d{3}[ .]?\d{3}[ .]?\d{3})(?!\w)")
SSN = re.compile(r"(\d(?<![\w\-]\d)\d\d)([- ]?)(\d\d)\2(\d{4})(?![\w\-])")


def digits_of(text: str) -> str:
    """The letters and digits of a number, without its separators."""
    return re.sub(r"[^0-9A-Za-z]", "", text)


def find_ibans(text: str, field: str) -> Iterator[Found]:
    """Bank accounts: the length of the country, right check digits, any grouping.

    >>> [found.key for found in find_ibans("IBAN : FR14 2004 1010 0505 0001 3M02 606 merci", "")]
    ['FR1420041010050500013M02606']
    """
    for match in IBAN.finditer(text):
        length = rules().iban_lengths.get(match.group(1)[:2].upper())
        places = [place for place in range(match.start(), match.end()) if text[place].isalnum()]
        if length is None or len(places) < length:
            continue
        stop = places[length - 1] + 1
        letters = digits_of(text[match.start() : stop]).upper()
        if text[stop : stop + 1].isalnum() or not letters.isascii() or not validators.iban(letters):
            continue
        yield Found(match.start(), stop, "iban", letters)


def find_cards(text: str, field: str) -> Iterator[Found]:
    """Payment cards; lengths that other numbers share (12, 13, 17 to 19 digits) need a word such as
    "card".
    """
    for match in CARD.finditer(text):
        places = [place for place in range(match.start(), match.end()) if text[place].isdigit()]
        near = context.before(text, match.start(), field)
        announced = context.says("card.context", near)
        for count in range(min(19, len(places)), 11, -1):
            stop = places[count - 1] + 1
            whole = count == len(places)
            if not whole and (text[stop].isdigit() or text[stop] not in " -"):
                continue
            grouped = any(not char.isdigit() for char in text[match.start() : stop])
            if count not in (14, 15, 16) and not announced:
                continue
            if not announced and not grouped and context.ends_with("phone.not_after", near):
                continue
            number = digits_of(text[match.start() : stop])
            shaped = announced or well_grouped(text[match.start() : stop])
            # After a word that names it, a number of a range that no network uses today may still be a card.
            known = validators.card(number) or (announced and whole and validators.luhn(number))
            if shaped and known and len(set(number)) > 1:
                yield Found(match.start(), stop, "card", number)
                break


def well_grouped(text: str) -> bool:
    """Whether the groups of a number are those of a card: none, fours, or 4-6-5 and 4-6-4.

    >>> well_grouped("4111 1111 1111 1111"), well_grouped("41 11 11 11 11 11 11 11")
    (True, False)
    """
    groups = [len(group) for group in re.split(r"\D+", text)]
    return len(groups) == 1 or groups[:-1] == [4] * (len(groups) - 1) or groups in ([4, 6, 5], [4, 6, 4])


def find_nirs(text: str, field: str) -> Iterator[Found]:
    """French social security numbers: 15 characters with the right key, or any after a word that names
    them.
    """
    for match in NIR.finditer(text):
        number = digits_of(match.group()).upper()
        if len(number) == 15 and validators.nir(number):
            yield Found(match.start(), match.end(), "nir", number)
    for match in NIR_ANNOUNCED.finditer(text):
        number = digits_of(match.group()).upper()
        if len(number) in (13, 15) and context.says(
            "nir.context", context.before(text, match.start(), field)
        ):
            yield Found(match.start(), match.end(), "nir", number)


def find_sirens(text: str, field: str) -> Iterator[Found]:
    """SIRET written in groups (3 3 3 5), SIREN and SIRET after their name; check digits right."""
    for pattern in (SIRET, SIREN):
        for match in pattern.finditer(text):
            number = digits_of(match.group())
            announced = context.says("siren.context", context.before(text, match.start(), field))
            grouped = len(number) == 14 and len(re.findall(r"\D", match.group())) == 3
            if (announced or grouped) and validators.siren(number):
                yield Found(match.start(), match.end(), "siren", number)


def find_vats(text: str, field: str) -> Iterator[Found]:
    """French VAT numbers whose key fits."""
    for match in FRENCH_VAT.finditer(text):
        number = digits_of(match.group(2))
        if validators.french_vat(match.group(1), number):
            yield Found(match.start(), match.end(), "vat", f"FR{match.group(1)}{number}")


def find_ssns(text: str, field: str) -> Iterator[Found]:
    """US social security numbers: 3-2-4 with hyphens, or in any form after their name."""
    for match in SSN.finditer(text):
        area, separator, group, serial = match.groups()
        announced = context.says("ssn.context", context.before(text, match.start(), field))
        if (separator == "-" or announced) and validators.us_ssn(area, group, serial):
            yield Found(match.start(), match.end(), "ssn", area + group + serial)
