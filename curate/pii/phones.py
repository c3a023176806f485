"""Phone numbers: international ones, national ones of the regions given, any after a word that announces one.

Proof, in this order: a `+` or `00` and a country code with a possible number; a national number that
`phonenumbers` holds valid and that is written as people write numbers; a word of the rules before or after
it; an "or", an "and" or a slash that joins it to a number already believed.
Left alone: dates, times, prices, decimals, runs of pairs (01 02 03), lists, numbers drawn, bare digits after
"order", "ref", "id".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from curate.pii import context
from curate.pii.digits import digits_only
from curate.pii.kinds import Found
from curate.pii.rules import rules
from curate.pii.spans import Taken

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

EXTENSION = r"(?:\s?(?:x|ext\.?|poste)\s?\d{1,6})?"
END = r"(?![\w@])(?![.,:/]\d)(?!\s?(?:€|\$|£|%|eur\b|euros?\b|usd\b|kg\b|km\b|ms\b|bytes\b))"
NOT_AFTER = r"[\w@#€$£%=]"

INTERNATIONAL = re.compile(
    rf"[(+0](?<![\w@#][(+0])(?:(?<=\()\+\s?|(?<=\+)\s?|(?<=0)0[ .\-]?)"
    rf"(?=[1-9])\(?\d(?:[ \t.\-/]{{0,2}}(?:\(0\)[ .\-]?)?\(?\d\)?){{6,15}}"
    rf"{EXTENSION}(?!\w)"
)
FRENCH = re.compile(
    rf"0(?<!{NOT_AFTER}0)(?<!\d[ .,\-:/]0)(?:[1-9]([ .\-/]?|\r?\n)\d\d(?:(?:\1|\r?\n)\d\d){{3}}"
    rf"|[1-9](?:[ .\-]{{0,2}}\d){{8}})(?![\w@])(?![.,:/]\d)"
)
NANP = re.compile(
    rf"[(\d](?<!{NOT_AFTER}[(\d])(?<!\d[.,\-:/][(\d])"
    rf"(?:(?<=1)[ .\-](?:\(\d{{3}}\) ?|\d{{3}}[.\-])|(?<=\()\d{{3}}\) ?|(?<=\d)\d\d[.\-])"
    rf"\d{{3}}[ .\-]\d{{4}}{EXTENSION}(?![\w@])(?![.,\-]?\d)"
)
ANY = re.compile(
    r"[(\d](?<![\w@#€$£%][(\d])(?<!\d[.,\-:/][(\d])(?:(?<=\d)|(?<=\()\d)"
    rf"(?:[ \t.\-/()]{{0,3}}\d){{6,14}}{EXTENSION}{END}"
)
DATE = re.compile(
    r"^(?:\d{1,2}([./ -])\d{1,2}\1(?:19|20)\d\d"
    r"|(?:19|20)\d\d([./ -]?)(?:0[1-9]|1[0-2])\2(?:0[1-9]|[12]\d|3[01]))(?:\D.*)?$|"
    r"^(?:19|20)\d\d\s?[-/]\s?(?:19|20)\d\d$"
)
JOINER = re.compile(
    r"(?<=[\d>])(?:\s/\s|,?\s(?:or|ou|and|et|puis|then|sinon|&)\s(?:(?:le|au|sur|the|on|at|to)\s){0,2})$"
)
"""What joins a number to the one before it: "or", "ou au", " / "."""
STAND_IN_BEFORE = re.compile(r"<PHONE(?:_\d{1,6})?>$")
JOINER_LENGTH = 20
LONGEST_CHAIN = 20
DUMP = re.compile(
    r"[\-.:][0-9A-Fa-f]{2}(?!\w)|,\s?\d\d(?!\d)"
    r"|\s(?:\d\d?(?=\s*(?:$|[,;.\n])|\s\d)|[0-9A-Fa-f]{2}\s[0-9A-Fa-f]{2}(?!\w))"
)
"""Pairs that go on: bytes of a dump, numbers of a list."""
HIGHEST_TENS = "6"
"""The tens of the highest number that common lotteries draw (Powerball: 69); none is drawn twice."""
LONGEST_WORD = 16
WIDEST_COUNT = 10
"""Steps up to this are how people count; nobody counts 01, 23, 45."""
FEWEST = 7
"""Digits that every one of these patterns needs."""
SIGNS = str.maketrans("", "", " .-/()")
REGULAR = re.compile(r"\+(?:(33)([1-9]\d{8})|(1)([2-9]\d{9}))")
"""Numbers of France and North America, full and with no digit that could be a national prefix."""
NATIONAL = {"FR": ("0", "+33"), "US": ("", "+1"), "CA": ("", "+1")}
"""What a number written within a region begins with, and what it stands for."""
LENGTHS = {33: 9, 1: 10}
"""Digits after these country codes."""


def find_phones(text: str, field: str, regions: tuple[str, ...]) -> Iterator[Found]:
    """The phone numbers in `text`, plain as a view gives it; `field` is the JSON key it stands under.

    >>> [text for text in ("06 12 34 56 78", "12/05/2024 10:30") if any(find_phones(text, "", ("FR",)))]
    ['06 12 34 56 78']
    """
    taken = Taken()
    left = len(digits_only(text))
    for pattern, believed in (
        (INTERNATIONAL, international),
        (FRENCH, french),
        (NANP, north_american),
        (ANY, announced),
    ):
        if left < FEWEST:
            return
        for match in pattern.finditer(text):
            if not taken.free(match.start(), match.end()):
                continue
            number = believed(match, field, regions)
            if not number and pattern is ANY:
                number = joined(match, field, regions, taken)
            if number:
                stop = match.start() + len(number.rstrip())
                taken.take(match.start(), stop)
                left -= len(digits_only(number))
                yield Found(match.start(), stop, "phone", phone_key(number, regions))


def international(match: re.Match[str], field: str, regions: tuple[str, ...]) -> str:
    """The number written with a country code, or "" where it is none; digits that follow it are given
    back.
    """
    text = match.group()
    digits = digits_only(text)
    if text.startswith("00") and (
        len(digits) < 11
        or context.ends_with("phone.not_after", context.before(match.string, match.start(), field))
    ):
        return ""
    for candidate in shorter(text):
        number = parsed(candidate, None)
        if number is not None and possible(number) and (text[0] != "0" or valid(number)):
            return candidate
    # A country code and no possible number: a word before it decides.
    near = context.before(match.string, match.start(), field)
    plausible = 9 <= len(digits) <= 15 and text.lstrip("(").startswith("+") and digits[0] != "0"
    return text if plausible and (context.says("phone.before", near) or len(digits) >= 11) else ""


def shorter(text: str) -> Iterator[str]:
    """`text`, then `text` without its last groups of digits, one by one."""
    yield text
    for cut in reversed([gap.start() for gap in re.finditer(r"[ \t\n/]+(?=\d)", text)]):
        if len(digits_only(text[:cut])) >= 8:
            yield text[:cut]


def french(match: re.Match[str], field: str, regions: tuple[str, ...]) -> str:
    """The ten digits of a French number, unless they count up, make a date or follow a word such as
    "order".
    """
    text = match.group()
    if "FR" not in regions or DATE.match(text):
        return ""
    digits = digits_only(text)
    if counts(digits):
        return text if shown(match, digits) and not listed(match, field) else ""
    if text.isdigit():
        near = context.before(match.string, match.start(), field)
        return "" if context.ends_with("phone.not_after", near) else text
    # ARCEP: 0 and 1 to 9 begin every number of ten digits
    return "" if drawn(match, digits, field) else text


def shown(match: re.Match[str], digits: str) -> bool:
    """Whether pairs in equal steps are no counting, but what people write as a number: 01 23 45 67 89."""
    wide = int(digits[2:4]) - int(digits[:2]) > WIDEST_COUNT
    return wide and not match.group().isdigit() and not DUMP.match(match.string, match.end())


def listed(match: re.Match[str], field: str) -> bool:
    """Whether the words before pairs in equal steps say that they are a list."""
    near = context.before(match.string, match.start(), field)
    return context.says("phone.listed", near) or context.says("phone.counted", near)


def drawn(match: re.Match[str], digits: str, field: str) -> bool:
    """Whether pairs of digits are numbers to sort, or drawn in a lottery: by the words before, by their size.

    >>> [drawn(FRENCH.search(text), text[-14:].replace(" ", ""), "") for text in (
    ...     "Les boules : 05 12 23 34 45", "Loto : 06 92 34 56 78", "Sort 09 17 42 08 95")]
    [True, False, True]
    """
    # Asked of every French number: what is cheap comes first.
    said = match.string[max(0, match.start() - LONGEST_WORD) : match.start()].rstrip(" :=([\"'-").lower()
    if said.endswith(words_of_lists()) and context.ends_with("phone.listed", said):
        return True
    if (
        max(digits[::2]) > HIGHEST_TENS
        or len(set(zip(digits[::2], digits[1::2], strict=False))) < len(digits) // 2
    ):
        return False
    near = context.before(match.string, match.start(), field)
    return context.says("phone.drawn", near) and not context.says("phone.before", near)


@lru_cache(maxsize=1)
def words_of_lists() -> tuple[str, ...]:
    """The words right after which pairs are a list."""
    return tuple(sorted(rules().words["phone.listed"]))


def counts(digits: str) -> bool:
    """Whether the pairs of digits go up or down in equal steps: 01 02 03 04 05.

    >>> counts("0102030405"), counts("0612345678")
    (True, False)
    """
    if len(digits) < 4:
        return False
    last, step = int(digits[2:4]), int(digits[2:4]) - int(digits[:2])
    for place in range(4, len(digits) - 1, 2):
        pair = int(digits[place : place + 2])
        if pair - last != step:
            return False
        last = pair
    return True


def north_american(match: re.Match[str], field: str, regions: tuple[str, ...]) -> str:
    """A number written 415-555-0132 or (415) 555-0132: the shape alone is enough."""
    text = match.group()
    digits = digits_only(text.split("x")[0]).removeprefix("1")
    near = context.before(match.string, match.start(), field)
    fits = {"US", "CA"} & set(regions) and digits[0] in "23456789" and digits[:3] != "000"
    if context.says("phone.before", near):
        return text
    return text if fits and not context.ends_with("phone.not_after", near) else ""


def announced(match: re.Match[str], field: str, regions: tuple[str, ...]) -> str:
    """Any number that words announce, or that is valid in a region and written in groups with a leading 0."""
    text = match.group()
    if DATE.match(text.lstrip("(")):
        return ""
    near = context.before(match.string, match.start(), field)
    if context.ends_with("phone.not_after", near):
        return ""
    digits = digits_only(text)
    if context.says("phone.before", near) or context.begins_with(
        "phone.after", context.after(match.string, match.end())
    ):
        return "" if decimal(text) or len(set(digits)) < 2 else text
    if not re.match(r"\(?0\d", text) or text.isdigit() or re.search(r"[/\n]", text) or counts(digits):
        return ""
    if not 10 <= len(digits) <= 12 or drawn(match, digits, field):
        return ""
    return text if valid_somewhere(text, regions) else ""


def joined(match: re.Match[str], field: str, regions: tuple[str, ...], taken: Taken) -> str:
    """A number that "or", "and" or a slash joins to one taken before it, or to a stand-in of one: any
    where words announced the first of them, else one that is valid in a region.
    """
    text = match.group()
    first = first_of_chain(match.string, match.start(), taken)
    if first is None or DATE.match(text.lstrip("(")) or decimal(text) or len(set(digits_only(text))) < 2:
        return ""
    if context.says("phone.before", context.before(match.string, first, field)):
        return text
    return text if valid_somewhere(text, regions) else ""


def first_of_chain(text: str, start: int, taken: Taken) -> int | None:
    """Where the first of the numbers starts that are joined to each other up to `start`; None for none.

    >>> taken = Taken(); taken.take(4, 12)
    >>> first_of_chain("tel 467 3395 or 467 3396", 16, taken), first_of_chain("<PHONE_1> or 467", 13, taken)
    (4, 0)
    """
    first = None
    for _ in range(LONGEST_CHAIN):
        joiner = JOINER.search(text, max(0, start - JOINER_LENGTH), start)
        if joiner is None:
            break
        stop = joiner.start()
        sign = STAND_IN_BEFORE.search(text, max(0, stop - 16), stop)
        before = taken.start_of(stop) if sign is None else sign.start()
        if before is None:
            break
        first = start = before
    return first


def decimal(text: str) -> bool:
    """Whether a number is digits with one point."""
    return text.count(".") == 1 and text.replace(".", "").isdigit()


def valid_somewhere(text: str, regions: tuple[str, ...]) -> bool:
    """Whether one of the regions gives out the number as it is written, with the 0 that many put first.

    >>> valid_somewhere("4155552671", ("US",)), valid_somewhere("98765432101", ("DE", "US"))
    (True, False)
    """
    zero = text.lstrip("(").startswith("0")
    return any(
        (number := parsed(text, region)) is not None and valid(number)
        for region in regions
        if zero or not needs_zero(region)
    )


@lru_cache(maxsize=512)
def needs_zero(region: str) -> bool:
    """Whether national numbers of the region are written with a 0 before them: then none goes without.

    >>> needs_zero("DE"), needs_zero("US")
    (True, False)
    """
    import phonenumbers

    known = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    return known is not None and known.national_prefix == "0"


def phone_key(text: str, regions: tuple[str, ...]) -> str:
    """The number in E.164 where its country is known, else its digits: one person, one key.

    >>> phone_key("06 12 34 56 78", ("FR",)) == phone_key("+33 (0)6.12.34.56.78", ("FR",))
    True
    """
    if "FR" in regions and FRENCH.fullmatch(text):
        return "+33" + digits_only(text)[1:]
    return e164(text, regions)


@lru_cache(maxsize=4096)
def e164(text: str, regions: tuple[str, ...]) -> str:
    """The number in E.164 by the first region where it is valid, else its digits."""
    for region in (None, *regions):
        number = None if region and foreign(text, region) else parsed(text, region)
        if number is not None and (valid(number) or region is None):
            return f"+{number.country_code}{number.national_number}"
    return digits_only(text)


def foreign(text: str, region: str) -> bool:
    """Whether a number's length alone shows that it is none of the region's, without its being parsed.

    >>> foreign("(415) 555-0132", "FR"), foreign("06 12 34 56 78", "FR")
    (True, False)
    """
    plain = text.translate(SIGNS)
    code, lengths = local_numbers(region)
    return plain.isdigit() and bool(code) and not plain.startswith(("0", code)) and len(plain) not in lengths


@lru_cache(maxsize=512)
def local_numbers(region: str) -> tuple[str, frozenset[int]]:
    """The country code of a region and how many digits its numbers have after it.

    No code where countries share it, or where more than 0 or the code may stand before these digits.
    """
    import phonenumbers

    known = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    if (
        known is None
        or known.national_prefix_for_parsing not in (None, "0")
        or known.international_prefix != "00"
    ):
        return "", frozenset()
    code, numbers = known.country_code, known.general_desc
    if code is None or numbers is None or len(phonenumbers.region_codes_for_country_code(code)) > 1:
        return "", frozenset()
    return str(code), frozenset(numbers.possible_length)


def regular(plain: str) -> tuple[str, str]:
    """The country code and the digits of a number that needs no library to be read, else two empty texts.

    >>> regular("+33612345678"), regular("+442079460958")
    (('33', '612345678'), ('', ''))
    """
    match = REGULAR.fullmatch(plain)
    return (match[1] or match[3], match[2] or match[4]) if match else ("", "")


@lru_cache(maxsize=4096)
def parsed(text: str, region: str | None) -> PhoneNumber | None:
    """The number as phonenumbers reads it, or None.

    >>> parsed("+33 6 12 34 56 78", None).national_number, parsed("06 12 34 56 78", None)
    (612345678, None)
    """
    import phonenumbers

    if region is None:
        if not text.lstrip("( ").startswith(("+", "00")):
            return None
        text = re.sub(r"^[( ]*(?:\+|00)\s?", "+", text)
    prefix, code = NATIONAL.get(region or "", ("", ""))
    plain = text.translate(SIGNS)
    country, digits = regular(code + plain.removeprefix(prefix)) if plain.startswith(prefix) else ("", "")
    if country:
        return phonenumbers.PhoneNumber(int(country), int(digits))
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def valid(number: PhoneNumber) -> bool:
    """Whether the number belongs to a range that its country gives out."""
    import phonenumbers

    if number.country_code == 1 and phonenumbers.is_valid_number_for_region(number, "US"):
        return True  # asked of all 25 countries that share the code, the library finds out the same twice
    return bool(phonenumbers.is_valid_number(number))


def possible(number: PhoneNumber) -> bool:
    """Whether the number has a length that its country uses."""
    import phonenumbers

    if not number.italian_leading_zero and len(str(number.national_number)) == LENGTHS.get(
        number.country_code or 0
    ):
        return True

    return bool(phonenumbers.is_possible_number(number))
