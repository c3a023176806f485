"""All detectors over one text, and which of overlapping findings stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from curate.pii import emails, network, numbers, phones, secrets
from curate.pii.digits import possible_kinds
from curate.pii.kinds import DEFAULT, KINDS, Found
from curate.pii.known import squeezed
from curate.pii.rules import rules
from curate.pii.spans import Taken
from curate.pii.standins import STAND_IN

DETECTORS: dict[str, Callable[[str, str], Iterator[Found]]] = {
    "secret": secrets.find_secrets,
    "email": emails.find_emails,
    "iban": numbers.find_ibans,
    "nir": numbers.find_nirs,
    "siren": numbers.find_sirens,
    "card": numbers.find_cards,
    "vat": numbers.find_vats,
    "ssn": numbers.find_ssns,
    "crypto": secrets.find_wallets,
    "ip": network.find_addresses,
    "mac": network.find_macs,
    "handle": secrets.find_handles,
}
"""Kind: its detector. The order is the rank: of findings that overlap, the earlier kind stands."""

RANK = {kind: place for place, kind in enumerate([*DETECTORS, "phone", "person"])}
OF_DIGITS = frozenset({"iban", "nir", "siren", "card", "vat", "ssn", "ip", "mac", "phone"})
"""Kinds whose detectors are asked only where a look at the digits allows them."""


@dataclass(frozen=True)
class Settings:
    """What is looked for: kinds, the regions of national phone numbers, names given, values to keep."""

    kinds: frozenset[str] = frozenset(DEFAULT)
    regions: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    keep: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        kinds: Iterable[str] = DEFAULT,
        regions: Iterable[str] = (),
        names: Iterable[str] = (),
        keep: Iterable[str] = (),
    ) -> Settings:
        """Settings from options; without regions, those of the rules."""
        return cls(
            frozenset(kinds) & frozenset(KINDS),
            tuple(regions) or rules().regions,
            tuple(names),
            frozenset(map(squeezed, keep)),
        )

    def keeps(self, found: Found, written: str) -> bool:
        """Whether the user wants this value left: as written, by its key, or by its domain (`@acme.com`)."""
        if not self.keep:
            return False
        if {squeezed(found.key), squeezed(written)} & self.keep:
            return True
        return found.kind == "email" and squeezed(found.key[found.key.find("@") :]) in self.keep


def detect(text: str, field: str, settings: Settings) -> list[Found]:
    """The private values in `text`, plain as a view gives it, that do not overlap, in order.

    >>> [found.kind for found in detect("a@b.fr ou 06 12 34 56 78", "", Settings.of())]
    ['email', 'phone']
    """
    found: list[Found] = []
    possible = possible_kinds(text)
    for kind, detector in DETECTORS.items():
        if kind in settings.kinds and (kind in possible or kind not in OF_DIGITS):
            found.extend(detector(text, field))
    if "phone" in possible and "phone" in settings.kinds:
        found.extend(phones.find_phones(text, field, settings.regions))
    if not settings.keep:
        return resolved(text, found)
    return resolved(text, [one for one in found if not settings.keeps(one, text[one.start : one.stop])])


def resolved(text: str, found: list[Found]) -> list[Found]:
    """Of findings that overlap, the one of the first kind, the longest of a kind; none that touches a
    stand-in.
    """
    if not found:
        return found
    if "<" not in text and apart(ordered := sorted(found)):
        return ordered
    taken = Taken()
    for match in STAND_IN.finditer(text) if "<" in text else ():
        taken.take(*match.span())
    stand: list[Found] = []
    for one in sorted(found, key=lambda one: (RANK[one.kind], one.start - one.stop, one.start)):
        if one.start < one.stop and taken.free(one.start, one.stop):
            taken.take(one.start, one.stop)
            stand.append(one)
    return sorted(stand)


def apart(found: list[Found]) -> bool:
    """Whether findings in order are not empty and do not overlap: as they mostly are, and then all stand."""
    stop = 0
    for one in found:
        if one.start < stop or one.start >= one.stop:
            return False
        stop = one.stop
    return True
