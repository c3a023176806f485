"""What opens a door: keys and tokens by their shape, credentials in URLs, passwords after their name,
wallets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from curate.pii.kinds import Found
from curate.pii.rules import SecretShape, rules

CREDENTIALS = re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.\-]{1,20}://([^\s/@:<>\"']*:[^\s/@<>\"']+)@")
BITCOIN = re.compile(
    r"[b13](?<![A-Za-z0-9][b13])(?:(?<=b)c1[ac-hj-np-z02-9]{11,71}|(?<=[13])[1-9A-HJ-NP-Za-km-z]{25,34})"
    r"(?![A-Za-z0-9])"
)
ETHEREUM = re.compile(r"0x(?<![A-Za-z0-9]0x)[0-9a-fA-F]{40}(?![A-Za-z0-9])")
HANDLE = re.compile(r"(?<![\w@./`(\[\"'+-])@([A-Za-z]\w{2,29}(?:\.\w+)?)(?![\w/(@])")


def find_secrets(text: str, field: str) -> Iterator[Found]:
    """Keys, tokens, credentials and passwords; of a named value, the value alone is found.

    >>> text = "https://x.fr/?token=abc123def password: hunter22!"
    >>> [text[found.start : found.stop] for found in find_secrets(text, "")]
    ['abc123def', 'hunter22!']
    """
    low = text.lower()
    for shape in dict.fromkeys([shape for hint, shape in hints() if hint in low]):
        for match in shape.pattern.finditer(text):
            start, stop = match.span("value") if "value" in shape.pattern.groupindex else match.span()
            if mixed(text[start:stop]) or "PRIVATE KEY" in text[start:stop]:
                yield Found(start, stop, "secret", text[start:stop])
    if "://" in text:
        for match in CREDENTIALS.finditer(text):
            yield Found(match.start(1), match.end(1), "secret", match.group(1))
    if "=" in text:
        for match in token_pattern().finditer(text):
            yield Found(match.start(1), match.end(1), "secret", match.group(1))
    if any(map(low.__contains__, password_starts())):
        yield from passwords(text)
    if (
        field
        and field.lower() in rules().words["url.tokens"] | rules().words["password.words"]
        and looks_chosen(text.strip())
    ):
        yield Found(0, len(text), "secret", text)


@lru_cache(maxsize=1)
def hints() -> tuple[tuple[str, SecretShape], ...]:
    """Each shape of the rules by each of its hints."""
    return tuple((hint, shape) for shape in rules().secrets for hint in shape.hints)


@lru_cache(maxsize=1)
def password_starts() -> tuple[str, ...]:
    """The first letters of the words for a password: without any of them, a text has none."""
    return tuple({word[:4] for word in rules().words["password.words"]})


def passwords(text: str) -> Iterator[Found]:
    """Values after "password is", "mdp :" and the like that look chosen; a closing sign is not theirs."""
    for match in password_pattern().finditer(text):
        value = match.group("value").rstrip(".,;:?)\"'»")
        if looks_chosen(value):
            start = match.start("value")
            yield Found(start, start + len(value), "secret", value)


def mixed(value: str) -> bool:
    """Whether a key has letters and digits, or is long: `sk-learn-contrib-estimators` is no key."""
    if re.search(r"\d", value) and re.search(r"[A-Za-z]", value):
        return True
    if len(value) == 20 and value.isalpha() and value.isupper():  # an AWS key id may have no digit
        return True
    return len(value) >= 48 or (len(value) >= 30 and "-" not in value and value.lower() != value)


def looks_chosen(value: str) -> bool:
    """Whether a word after "password" looks like one: letters and digits or signs, no code.

    >>> looks_chosen("hunter22"), looks_chosen("required"), looks_chosen("os.environ['PW']")
    (True, False, False)
    """
    if not 6 <= len(value) <= 72 or re.search(r"[()\[\]{}<>\s]|^\$|^%|://", value):
        return False
    return bool(re.search(r"[A-Za-z]", value) and re.search(r"[\d!#$%&*+@^~]", value))


@lru_cache(maxsize=1)
def token_pattern() -> re.Pattern[str]:
    """Query parameters of the rules' list, with a value long enough to be one."""
    names = "|".join(re.escape(name) for name in sorted(rules().words["url.tokens"], key=len, reverse=True))
    return re.compile(rf"(?i)[?&#;](?:{names})=([A-Za-z0-9._~+/%=-]{{{rules().shortest_token},}})")


@lru_cache(maxsize=1)
def password_pattern() -> re.Pattern[str]:
    """A word of the rules' list, then "is", "=", ":" and the value."""
    names = "|".join(
        re.escape(name).replace(r"\ ", r"\s+")
        for name in sorted(rules().words["password.words"], key=len, reverse=True)
    )
    return re.compile(
        rf"(?i)(?<![a-z])(?:{names})\b[\"']?\s{{0,2}}(?:is|est|was|=>|:|=)\s{{0,2}}[\"'«]?\s?(?P<value>[^\s\"'<>]{{6,72}})"
    )


def find_wallets(text: str, field: str) -> Iterator[Found]:
    """Bitcoin addresses with the right checksum, Ethereum addresses.

    >>> [found.kind for found in find_wallets("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "")]
    ['crypto']
    """
    for match in BITCOIN.finditer(text):
        from stdnum import bitcoin

        if bitcoin.is_valid(match.group()):
            yield Found(match.start(), match.end(), "crypto", match.group())
    for match in ETHEREUM.finditer(text):
        if len(set(match.group()[2:])) > 3:
            yield Found(match.start(), match.end(), "crypto", match.group().lower())


def find_handles(text: str, field: str) -> Iterator[Found]:
    """@names of accounts: `@jean_d`, but not `@media`, decorators at a line's start, packages, addresses."""
    for match in HANDLE.finditer(text):
        begins = not text[text.rfind("\n", 0, match.start()) + 1 : match.start()].strip()
        decorator = begins and text[match.end() : match.end() + 1] not in (",", " ", "!", "?", ".", "")
        if not decorator and match.group(1).lower() not in rules().words["name.roles"] | CODE_WORDS:
            yield Found(match.start(), match.end(), "handle", match.group(1).lower())


CODE_WORDS = frozenset(
    [
        "everyone",
        "here",
        "channel",
        "all",
        "media",
        "import",
        "property",
        "override",
        "param",
        "return",
        "returns",
        "staticmethod",
        "classmethod",
        "dataclass",
        "test",
        "author",
        "deprecated",
        "keyframes",
        "charset",
        "font",
        "supports",
    ]
)
