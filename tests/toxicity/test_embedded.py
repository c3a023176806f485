"""The embedded scorer: what it reads alike, that no group's name scores, that the same texts give the same bits."""

from __future__ import annotations

import shutil
import tomllib
from importlib import resources
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import RecipeError
from curate.passes.too_toxic import TooToxic
from curate.toxicity.embedded import (
    Embedded,
    Weights,
    feature_rows,
    fold_table,
    group_keys,
    load_embedded,
    read_embedded,
)

RULES = Path(str(resources.files("rules"))) / "toxicity"
FOLD = fold_table()
GROUPS = group_keys(["gay", "muslim", "women"], FOLD)


def features(text: str) -> list[int]:
    return sorted(feature_rows(pl.Series([text]), FOLD, GROUPS)[1].tolist())


def scores(*texts: str) -> list[float]:
    found: list[float] = load_embedded().score(pl.Series(texts, dtype=pl.String))["toxicity"].tolist()
    return found


READ_ALIKE = [
    ("You IDIOT", "you idiot", "case"),
    ("crétin", "cretin", "accents"),
    ("cre\u0301tin", "crétin", "accents written apart"),
    ("ｉｄｉｏｔ", "idiot", "full width forms"),
    ("idiooooot", "idiot", "letters repeated"),
    ("i d i o t", "idiot", "letters spaced out"),
    ("i.d.i.o.t", "idiot", "letters dotted"),
    ("1d10t is i d i o t", "1d10t is idiot", "only letters are joined"),
    ("st00pid", "stoopid", "digits for letters"),
    ("b@st@rd", "bastard", "signs for letters"),
    ("$hit", "shit", "a sign at the start"),
    ("id\u200biot", "idiot", "a zero-width space inside"),
    ("id\u00adiot", "idiot", "a soft hyphen inside"),
    ("see https://example.org/idiot?x=1 now", "see now", "a link gives nothing"),
    ("see www.example.org now", "see now", "nor does one without a scheme"),
    ("@idiot hello", "hello", "nor does a mention"),
    ("I am gay", "I am Muslim", "names of groups are one word"),
    ("gay Muslim women", "gay", "in a row too"),
    ("**idiot**", "idiot", "marks of bold"),
]
READ_APART = [
    ("idiot", "idiots", "other words"),
    ("ass", "as", "a letter twice"),
    ("h264", "hz64", "digits stay where no letter follows"),
    ("route 66", "route oo", "numbers stay numbers"),
    ("f*ck", "fck", "a star inside stays"),
    ("httpd idiot", "idiot", "what only begins like a link"),
    ("a b", "ab", "two single letters are not joined"),
    ("gay", "straight", "a word that is not on the list of groups"),
]


@pytest.mark.parametrize(("one", "other", "why"), READ_ALIKE)
def test_is_read_alike(one: str, other: str, why: str) -> None:
    assert features(one) == features(other), why


@pytest.mark.parametrize(("one", "other", "why"), READ_APART)
def test_is_read_apart(one: str, other: str, why: str) -> None:
    assert features(one) != features(other), why


TOXIC = [
    "you are a fucking idiot",
    "shut up you stupid bitch",
    "F U C K  Y O U, moron",
    "You are an idiot. " + "Here is the order that you asked about, it will come on Monday. " * 20,
    "what a piece of shit you are, asshole",
    "ferme ta gueule sale connard",
]
HARMLESS = [
    "Thanks, that fixed it!",
    "kill -9 the hung process, then restart the server",
    "Bonjour, je n'ai pas reçu mon colis.",
    "if a<b and c>d: assert class_method(ass)",
    "I live in Scunthorpe and my name is Hitchcock",
    "My mother is an old Muslim woman and my brother is gay.",
    "你好，世界！",
    "👍👍",
    "Could you assess the analysis of the shuttlecock market?",
]


def test_insults_score_higher_than_what_is_harmless() -> None:
    assert min(scores(*TOXIC)) > 0.6
    assert max(scores(*HARMLESS)) < 0.5


@pytest.mark.parametrize("language", ["en", "fr", "de", "es"])
def test_every_word_of_a_group_scores_the_same_in_the_same_place(language: str) -> None:
    lists = tomllib.loads((RULES / "groups.toml").read_text("utf-8"))[language].values()
    words = [word for listed in lists for word in listed.split()]
    found = scores(*(f"my neighbour is {word}, they are kind" for word in words))
    assert len(set(found)) == 1
    assert found[0] < 0.2


def test_a_text_without_words_scores_nothing() -> None:
    assert scores("", " \n\t", "...", "https://example.org", "@someone") == [0.0] * 5
    assert load_embedded().score(pl.Series([None], dtype=pl.String))["toxicity"].tolist() == [0.0]
    assert load_embedded().score(pl.Series([], dtype=pl.String))["toxicity"].tolist() == []


PLAIN = Weights(
    (np.arange(1 << 19, dtype=np.int64) * 2654435761 % 251 - 125).astype(np.int8),
    7,
    -1000,
    np.arange(2001, dtype=np.uint16),
    FOLD,
    GROUPS,
)
WHOLE = (1 << 64) - 1


def bucket(key: int, salt: int) -> int:
    mixed = (key ^ salt) * 0x9E3779B97F4A7C15 & WHOLE
    mixed ^= mixed >> 32
    return (mixed * 0x9E3779B97F4A7C15 & WHOLE) >> 45


def fnv(letters: str) -> int:
    """FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/"""
    key = 0xCBF29CE484222325
    for letter in letters:
        key = (key ^ ord(letter)) * 0x100000001B3 & WHOLE
    return key


def logit_in_python(words: list[str]) -> int:
    """One segment of plain words, no group among them, by whole numbers of any size."""
    found, before = [], fnv("")
    for word in words:
        key, framed = fnv(word), f"<{word}>"
        found += [
            bucket(key, 0x8EBC6AF09C88C6E3),
            bucket((before * 0x100000001B3 + key) & WHOLE, 0xA0761D6478BD642F),
        ]
        found += [
            bucket(fnv(framed[first : first + length]), 0xE7037ED1A0B428DB)
            for first in range(len(framed))
            for length in (3, 4, 5)
            if first + length <= len(framed)
        ]
        before = key
    total = sum(int(PLAIN.weights[place]) for place in found)
    return 7 + (total * round(65536 / len(found) ** 0.5) >> 14)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["you", "idiot", "order", "never", "please", "badly", "ok", "to"]),
        min_size=1,
        max_size=40,
    )
)
def test_integer_logits_are_those_of_exact_arithmetic(words: list[str]) -> None:
    assert Embedded(PLAIN, "", "").logits(pl.Series([" ".join(words)])).tolist() == [logit_in_python(words)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=8), st.integers(0, 8))
def test_any_cut_gives_the_same_bits(texts: list[str], cut: int) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    assert scores(*texts) == scores(*texts[:cut]) + scores(*texts[cut:])


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.sampled_from("a@*$! .\n1é你🖕\u0301\u200b<httpsw:/"), max_size=400))
def test_whatever_is_read_stays_in_bounds(text: str) -> None:
    (found,) = scores(text * 20)
    assert 0.0 <= found <= 1.0


def test_a_long_text_scores_as_its_worst_sentence() -> None:
    calm = "Here is the order that you asked about, it will come on Monday. "
    alone, within = scores(
        "you are such a fucking idiot.", calm * 50 + "you are such a fucking idiot. " + calm * 50
    )
    assert alone == within > 0.9


def test_weights_that_are_not_those_of_the_facts_are_refused(tmp_path: Path) -> None:
    shutil.copytree(RULES, tmp_path / "toxicity")
    weights = tmp_path / "toxicity" / "embedded.npz"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(RecipeError, match=r"embedded.npz have sha256 .*; install Tamis again"):
        read_embedded(tmp_path / "toxicity")


def test_weights_are_small_and_pack_to_the_same_bytes() -> None:
    data = (RULES / "embedded.npz").read_bytes()
    assert len(data) < 1_000_000
    assert Weights.unpacked(Weights.unpacked(data).packed()).packed() == Weights.unpacked(data).packed()


def test_probabilities_rise_with_the_logit() -> None:
    table = load_embedded().weights.probabilities.astype(int)
    assert (np.diff(table) >= 0).all()
    assert 0 <= table[0] < 5
    assert 9995 < table[-1] <= 10_000


def test_card_and_limits_are_of_these_weights() -> None:
    facts = tomllib.loads((RULES / "thresholds.toml").read_text("utf-8"))["embedded"]
    card = (RULES / "CARD.md").read_text("utf-8")
    assert facts["sha256"] in card
    assert facts["version"] in card
    assert "{{" not in card
    assert facts["limit"] == TooToxic().limit
    assert load_embedded().describe() == {"name": "embedded"} | {k: facts[k] for k in ("version", "sha256")}
    curve = facts["curve"]
    assert [row["recall"] for row in curve] == sorted((row["recall"] for row in curve), reverse=True)
    assert next(row["precision"] for row in curve if row["limit"] == facts["limit"]) > 0.8


def test_groups_are_written_as_the_scorer_reads_them() -> None:
    rules = tomllib.loads((RULES / "groups.toml").read_text("utf-8"))
    words = [
        w for part in rules.values() if isinstance(part, dict) for line in part.values() for w in line.split()
    ]
    assert [w for w in words if not w.isascii() or not w.isalpha() or w != w.lower()] == []
