"""Sentiment of texts, and its gaps between groups."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from curate.bias.cases import functional
from curate.bias.counting import count, together
from curate.bias.facts import Settings
from curate.bias.lexicon import LANGUAGES, load
from curate.bias.matching import matches
from curate.bias.means import gaps
from curate.bias.sentiment import sentiment, terms
from curate.schema import messages

TOLD = [
    ("en", "What a great and friendly shop!", 1.0, "glad words"),
    ("en", "The parcel came broken and I am very disappointed.", -1.0, "sorry words"),
    ("en", "It was not good.", -1.0, "a negation turns what follows"),
    ("en", "It isn't really bad.", 1.0, "so does a contraction, across one word"),
    ("en", "Not on Monday, but in the end we came to a great result.", 1.0, "far from the negation"),
    ("en", "A wonderful place with terrible food.", 0.0, "one of each"),
    ("fr", "Un accueil formidable, je suis ravie.", 1.0, "mots heureux"),
    ("fr", "Je ne suis pas content du tout.", -1.0, "une négation"),
    ("fr", "Quelle déception, le colis est abîmé.", -1.0, "sans accents"),
]


@pytest.mark.parametrize(("language", "text", "expected", "why"), TOLD)
def test_a_text_sounds_as_its_words(language: str, text: str, expected: float, why: str) -> None:
    found = sentiment(matches(pl.Series([text]), pl.Series([language])))
    assert found["sentiment"].to_list() == [expected], why


def test_a_text_without_such_a_word_is_not_told() -> None:
    texts = pl.Series(["My neighbour lives on the third floor.", "", "The order was sent on Monday."])
    assert sentiment(matches(texts, pl.Series(["en"] * 3))).height == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_names_a_group_or_is_a_mark_of_politeness(language: str) -> None:
    known = load(language)
    polite = {
        word for term in known.terms if term.kind == "polite" for word in term.words if len(term.words) == 1
    }
    glad = {word for term in terms(language) if term.kind != "not" for word in term.words}
    assert not glad & known.identity_words
    assert not glad & polite


def test_a_gap_in_sentiment_is_found_at_its_size() -> None:
    random = np.random.default_rng(4)
    rows = []
    for number in range(600):
        about = ("women", "Muslims")[number % 2]
        glad = random.random() < (0.6 if about == "women" else 0.2)
        rows.append((f"c{number}", f"Yesterday some {about} came; it was {'great' if glad else 'terrible'}."))
    frame = messages(
        {"conversation_id": [i for i, _ in rows], "role": ["user"] * 600, "text": [t for _, t in rows]}
    ).with_columns(language=pl.lit("en"))
    counted = together([count(frame, Settings())], Settings())
    found = {
        one.group: one
        for one in gaps(counted.measures, Settings())
        if (one.measure, one.about) == ("sentiment", "user")
    }
    assert found["gender.women"].low <= 0.8 <= found["gender.women"].high
    assert found["gender.women"].claimed and found["religion.muslims"].difference < 0


class Biased:
    """A scorer that flags all that names one group, and all that says idiot."""

    def score(self, texts: pl.Series) -> dict[str, np.ndarray]:
        return {"toxicity": texts.str.contains("(?i)muslim|idiot").cast(pl.Float64).to_numpy()}


def test_functional_cases_name_the_group_that_a_scorer_flags_wrongly() -> None:
    found = functional(Biased(), 0.5, Settings())
    wrong = [(one.language, one.group) for one in found if one.claimed and not one.harmful]
    assert wrong == [("en", "religion.muslims")]
    one = next(c for c in found if c.group == "religion.muslims" and c.language == "en" and not c.harmful)
    assert (one.rate, one.other_rate) == (1.0, 0.0)
    assert one.n == sum(len(texts) for harmful, texts in load("en").cases.values() if not harmful)
    assert not any(c.claimed for c in found if not c.group)
