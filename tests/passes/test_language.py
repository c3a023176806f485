"""language: told in the conversation; short messages lean on it, clear turns in another language do not."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import RecipeError
from curate.language.codes import code, codes
from curate.language.words import spoken
from curate.passes.language import Language
from curate.schema import messages, number_conversations

FRENCH = "Bonjour, ma commande n'est pas arrivée, que puis-je faire ?"
GERMAN = "Guten Tag, meine Bestellung ist leider nicht angekommen."
ENGLISH = "Could you please tell me when my order is going to arrive?"


def table(*said: tuple[str, str, str]) -> pl.DataFrame:
    ids, roles, texts = zip(*said, strict=True)
    frame = messages({"conversation_id": list(ids), "role": list(roles), "text": list(texts)})
    return number_conversations(frame)


def told(*said: tuple[str, str, str], **options: object) -> list[str]:
    return Language(**options).measure(table(*said))["language"].to_list()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FRENCH, "fr"),
        (GERMAN, "de"),
        (ENGLISH, "en"),
        (ENGLISH.upper(), "en"),
        ("¿Dónde está mi pedido? Lo espero desde ayer.", "es"),
        ("我的订单什么时候到？我已经等了三天。", "zh"),
        ("注文した商品がまだ届いていません。", "ja"),
        ("Где мой заказ? Я жду уже три дня.", "ru"),
        ("أين طلبي؟ أنا أنتظر منذ ثلاثة أيام", "ar"),
        ("Bestellung `print('hello world, this is english')` ist noch nicht angekommen", "de"),
        ("👍", "und"),
        ("12345 - 99", "und"),
        ("", "und"),
        ("```python\nfor line in open(name):\n    print(line)\n```", "und"),
        ("https://example.org/where/is/my/order", "und"),
    ],
)
def test_a_lone_message_is_told_or_und(text: str, expected: str) -> None:
    assert told(("a", "user", text)) == [expected]


@pytest.mark.parametrize("short", ["ok", "merci", "slt ca va", "oui", "non", "super", "mdr"])
def test_a_short_message_takes_the_language_of_its_conversation(short: str) -> None:
    said = told(
        ("a", "user", FRENCH), ("a", "assistant", "Quel est votre numéro de commande ?"), ("a", "user", short)
    )
    assert said == ["fr", "fr", "fr"]
    said = told(
        ("a", "user", GERMAN), ("a", "assistant", "Wie lautet Ihre Bestellnummer?"), ("a", "user", "ok")
    )
    assert said[-1] == "de"


def test_a_clear_turn_in_another_language_keeps_its_own() -> None:
    said = told(
        ("a", "user", FRENCH),
        ("a", "assistant", "Quel est votre numéro ?"),
        ("a", "user", ENGLISH),
        ("a", "user", "ok"),
    )
    assert said[:3] == ["fr", "fr", "en"]


def test_a_short_message_leans_on_its_own_role_first() -> None:
    turns = [("a", role, text) for _ in range(3) for role, text in (("user", FRENCH), ("assistant", ENGLISH))]
    said = told(*turns, ("a", "user", "ok"), ("a", "assistant", "ok"))
    assert said[-2:] == ["fr", "en"]


def test_a_system_prompt_does_not_lend_its_language() -> None:
    said = told(
        ("a", "system", "You are a helpful assistant. " * 3), ("a", "user", FRENCH), ("a", "user", "ok")
    )
    assert said == ["en", "fr", "fr"]


def test_neighbouring_conversations_do_not_lend_theirs() -> None:
    alone = Language().measure(table(("b", "user", "ok merci")))
    both = Language().measure(table(("a", "user", GERMAN), ("b", "user", "ok merci"), ("c", "user", ENGLISH)))
    assert both.row(1) == alone.row(0)


def test_the_conversation_has_one_language_on_every_row() -> None:
    out = Language().measure(
        table(("a", "user", FRENCH), ("a", "user", "👍"), ("a", "user", ENGLISH), ("a", "user", FRENCH))
    )
    assert out["conversation_language"].to_list() == ["fr"] * 4
    assert out["language"].to_list()[1] == "und"
    assert out["conversation_language_score"].n_unique() == 1


def test_allowed_languages_are_the_only_answers() -> None:
    assert told(("a", "user", "slt ca va bien"), allowed=("fr", "en")) == ["fr"]
    assert set(told(("a", "user", GERMAN), ("b", "user", FRENCH), allowed=("fra",))) <= {"fr", "und"}


def test_scores_lie_between_nought_and_one_and_columns_have_their_types() -> None:
    out = Language().measure(table(("a", "user", FRENCH), ("b", "user", "👍")))
    assert out.schema == pl.Schema(
        {
            "language": pl.String,
            "language_score": pl.Float64,
            "conversation_language": pl.String,
            "conversation_language_score": pl.Float64,
        }
    )
    assert out["language_score"].is_between(0, 1).all()
    assert out.row(1) == ("und", 0.0, "und", 0.0)


def test_an_empty_table_gives_empty_columns() -> None:
    assert Language().measure(table(("a", "user", "x")).clear()).shape == (0, 4)


def test_the_pass_runs_in_the_engine() -> None:
    out = Language()(messages({"conversation_id": ["a"], "role": ["user"], "text": [FRENCH]}))
    assert out["language"].to_list() == ["fr"]


WORDS = st.sampled_from(
    [FRENCH, GERMAN, ENGLISH, "ok", "merci", "👍", "", "hola amigo", "danke", "`x`", "你好"]
)
CHATS = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["user", "assistant", "system", "tool"]), WORDS), min_size=1, max_size=5
    ),
    min_size=2,
    max_size=5,
)


@settings(max_examples=40, deadline=None)
@given(CHATS, st.data())
def test_any_cut_between_conversations_gives_the_same_rows(
    chats: list[list[tuple[str, str]]], data: st.DataObject
) -> None:
    said = [(f"c{place}", role, text) for place, chat in enumerate(chats) for role, text in chat]
    cut = data.draw(st.integers(1, len(chats) - 1))
    first = [one for one in said if int(one[0][1:]) < cut]
    whole = Language().measure(table(*said))
    parts = pl.concat([Language().measure(table(*first)), Language().measure(table(*said[len(first) :]))])
    assert whole.equals(parts)


def test_words_of_code_addresses_and_names_are_not_looked_at() -> None:
    said = pl.DataFrame(
        {"text": ["See https://x.org, @bob: mail a@b.org `int x`\n```\nint y\n```\nDANKE 12 <@U1>"]}
    )
    assert said.select(spoken(pl.col("text"))).item() == "see mail danke"


def test_labels_of_all_models_become_the_same_codes() -> None:
    assert [
        code(one) for one in ("__label__fr", "__label__fra_Latn", "fr", "__label__arz", "__label__arb_Arab")
    ] == ["fr", "fr", "fr", "ar", "ar"]
    assert code("__label__als") == "gsw"
    assert code("__label__als_Latn") == "sq"
    assert {"en", "fr", "zh", "ceb"} <= codes()


def test_a_language_that_does_not_exist_is_refused_with_the_key() -> None:
    with pytest.raises(RecipeError, match=r"unknown language 'french' in language\.allowed"):
        Language(allowed=("french",))
    with pytest.raises(RecipeError, match=r"language\.least_score is 2"):
        Language(least_score=2)


def test_a_model_that_is_not_there_is_refused_with_what_is_allowed() -> None:
    one = Language(model="nowhere/lid.bin")
    with pytest.raises(RecipeError, match=r"language\.model 'nowhere/lid\.bin' is no file; allowed"):
        one.measure(table(("a", "user", FRENCH)))


def test_a_file_that_is_no_model_is_refused_without_the_library_s_words(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "no.bin"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(RecipeError, match="is no fastText model"):
        Language(model=str(path)).measure(table(("a", "user", FRENCH)))
