"""Redaction of whole conversations: every column, one stand-in a value, nothing left, any split the same."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import schema
from curate.errors import RecipeError
from curate.passes.redact_pii import RedactPii


def table(**columns: object) -> pl.DataFrame:
    return schema.messages({"conversation_id": ["c"] * len(columns["text"]), **columns})  # type: ignore[arg-type]


def texts(
    authors: list[str | None], said: list[str], roles: list[str] | None = None, **options: object
) -> list[str]:
    frame = table(role=roles or ["user"] * len(said), author=authors, text=said)
    return RedactPii(**options)(frame)["text"].to_list()  # type: ignore[arg-type]


NAMES = [
    # author, text, expected, why
    ("Jean Dupont", "Ici Jean Dupont, dit jean dupont", "Ici <PERSON_1>, dit <PERSON_1>", "whole, any case"),
    ("Jean Dupont", "DUPONT Jean; jean.dupont", "<PERSON_1>; <PERSON_1>", "either order, dots"),
    ("Zoé Lefèvre", "Zoe et ZOÉ LEFEVRE", "<PERSON_1> et <PERSON_1>", "accents do not matter"),
    (
        "Sarah Connor",
        "Thanks Sarah, Sarah's order",
        "Thanks <PERSON_1>, <PERSON_1>'s order",
        "a part, capitalised",
    ),
    (
        "Sarah Connor",
        "the sarah project, sarahconnor",
        "the sarah project, <PERSON_1>",
        "a part written low stays",
    ),
    (
        "Will Smith",
        "Will you come? Yes I will. Ask Will.",
        "Will you come? Yes I will. Ask <PERSON_1>.",
        "a word",
    ),
    (
        "Pierre Durand",
        "Pierre précieuse. Merci Pierre !",
        "Pierre précieuse. Merci <PERSON_1> !",
        "a French word",
    ),
    (
        "Rose Martin",
        "Rose is a colour, rose too. Hi Rose!",
        "Rose is a colour, rose too. Hi <PERSON_1>!",
        "called",
    ),
    ("April May", "see you in April or May", "see you in April or May", "months never alone"),
    ("Paris Hilton", "I live in Paris", "I live in Paris", "a place never alone"),
    (
        "Li Wei",
        "Li Wei here, li is short",
        "<PERSON_1> here, li is short",
        "two letters only within the whole",
    ),
    ("Jean-Pierre Martin", "Merci Jean Pierre", "Merci <PERSON_1>", "a hyphen or a space"),
    (
        "Ludwig van Beethoven",
        "Van Gogh; Ludwig van Beethoven",
        "Van Gogh; <PERSON_1>",
        "particles never alone",
    ),
    (
        "dark_knight42",
        "dark night, dark_knight42 knight",
        "dark night, <PERSON_1> knight",
        "a nickname whole",
    ),
    ("sophie", "merci sophie et Sophie", "merci <PERSON_1> et <PERSON_1>", "an author written low"),
    ("王伟", "你好王伟，谢谢", "你好<PERSON_1>，谢谢", "a script without spaces"),
    (
        "+33 6 12 34 56 78",
        "je suis au 0612345678",
        "je suis au <PHONE_1>",
        "an author that is a phone number",
    ),
    ("jean.dupont@exemple.fr", "Merci Jean", "Merci <PERSON_1>", "the name in an author's address"),
    ("user", "the user says user", "the user says user", "a role"),
    ("Client 3", "le client 3", "le client 3", "a role with a number"),
    ("Agent Marie", "Marie, agent", "<PERSON_1>, agent", "the name behind a role"),
]


@pytest.mark.parametrize(("author", "text", "expected", "why"), NAMES, ids=[case[3] for case in NAMES])
def test_the_authors_name_is_found_where_it_is_a_name(
    author: str, text: str, expected: str, why: str
) -> None:
    assert texts([author], [text]) == [expected]


def test_authors_become_the_stand_in_of_the_text() -> None:
    frame = table(
        role=["user", "assistant", "user", "assistant"],
        author=["Jean Dupont", "Marie Leroy", "Jean Dupont", None],
        text=["Bonjour", "Bonjour Jean", "Merci Marie", "?"],
    )
    after = RedactPii()(frame)
    assert after["author"].to_list() == ["<PERSON_1>", "<PERSON_2>", "<PERSON_1>", None]
    assert after["text"].to_list() == ["Bonjour", "Bonjour <PERSON_1>", "Merci <PERSON_2>", "?"]


@pytest.mark.parametrize(
    "author", ["assistant", "user", "Support Acme", "ChatGPT", "Claude", "gpt-4o", "Équipe SAV"]
)
def test_roles_desks_and_assistants_keep_their_name(author: str) -> None:
    frame = table(role=["assistant"], author=[author], text=[f"{author} vous répond"])
    assert RedactPii()(frame).select("author", "text").row(0) == (author, f"{author} vous répond")


def test_a_user_called_like_an_assistant_is_a_person() -> None:
    assert texts(["Claude"], ["Merci, Claude ici"]) == ["Merci, <PERSON_1> ici"]


def test_names_that_the_user_gives_are_found_without_an_author() -> None:
    assert texts([None], ["vu avec Zoé Martin hier"], names=("Zoé Martin",)) == ["vu avec <PERSON_1> hier"]


def test_a_name_in_a_field_of_the_export_is_found_in_the_text() -> None:
    frame = table(role=["user"], text=["Ici Camille"], extra=['{"customer_name": "Camille Durand", "n": 1}'])
    after = RedactPii()(frame)
    assert after["text"].item() == "Ici <PERSON_1>"
    assert after["extra"].item() == '{"customer_name": "<PERSON_1>", "n": 1}'


def test_a_value_is_replaced_in_every_column_and_row() -> None:
    frame = schema.messages(
        {
            "conversation_id": ["t-33612345678"] * 3,
            "tree": ["33612345678"] * 3,
            "role": ["user", "assistant", "user"],
            "text": ["tel: 06 12 34 56 78", "le 612345678 donc", "oui"],
            "parts": [None, '{"arguments": "{\\"n\\": \\"33612345678\\"}"}', None],
            "extra": ['{"x": 33612345678}', None, '{"612345678": 1}'],
            "source": ["33612345678.jsonl"] * 3,
        }
    )
    after = RedactPii()(frame)
    for name in schema.PRIVATE:
        assert not after[name].fill_null("").str.contains("612345678|56 78").any(), name
    assert after["text"].to_list() == ["tel: <PHONE_1>", "le <PHONE_1> donc", "oui"]
    assert after["pii"].to_list() == [2, 2, 1]
    assert after["pii_kinds"].to_list() == ["PHONE:2", "PHONE:2", "PHONE:1"]


def test_ids_that_held_a_value_stay_distinct() -> None:
    frame = schema.messages(
        {"conversation_id": ["a@b.fr", "c@d.fr", "plain"], "role": ["user"] * 3, "text": ["Hi"] * 3}
    )
    ids = RedactPii()(frame)["conversation_id"].to_list()
    assert len(set(ids)) == 3
    assert ids[2] == "plain"
    assert all(one.startswith("<EMAIL_1>~") for one in ids[:2])


def test_a_key_changes_the_suffix() -> None:
    frame = schema.messages({"conversation_id": ["a@b.fr"], "role": ["user"], "text": ["Hi"]})
    assert RedactPii(key="k")(frame)["conversation_id"].item() != RedactPii()(frame)["conversation_id"].item()


def test_branches_of_a_tree_keep_one_tree() -> None:
    frame = schema.messages(
        {
            "conversation_id": ["x.1", "x.2", "y"],
            "tree": ["a@b.fr", "a@b.fr", "c@d.fr"],
            "role": ["user"] * 3,
            "text": ["Hi", "Hello a@b.fr", "Hey"],
        }
    )
    trees = RedactPii()(frame)["tree"].to_list()
    assert trees[0] == trees[1] != trees[2]
    assert "@" not in "".join(trees)


ORIGINALS = [
    # text, original, what becomes of the original
    ("à jean@exemple.fr", "<p>à jean&#64;exemple.fr</p>", "<p>à <EMAIL_1></p>"),
    ("moi", '<a href="mailto:jean%40exemple.fr">moi</a>', '<a href="mailto:<EMAIL_1>">moi</a>'),
    ("06 12 34 56 78", "06 <b>12 34</b> 56 78", "<PHONE_1>"),
    ("à jean@exemple.fr", "à jean&amp;amp;#64;exemple.fr", None),
    ("a b", "<i>a</i> b", "<i>a</i> b"),
]


@pytest.mark.parametrize(("text", "original", "expected"), ORIGINALS)
def test_originals_are_cleaned_or_withheld(text: str, original: str, expected: str | None) -> None:
    frame = table(role=["user"], text=[text], original=[original])
    assert RedactPii()(frame)["original"].item() == expected


def test_an_original_in_which_a_name_is_garbled_is_withheld() -> None:
    frame = table(role=["user"], author=["René Lévy"], text=["Ici René"], original=["Ici RenÃ©"])
    assert RedactPii()(frame)["original"].item() is None


def test_text_without_values_passes_untouched() -> None:
    frame = table(role=["user", "assistant"], text=["Bonjour, commande 4821 du 12/05/2024", "if a<b: x@y"])
    after = RedactPii()(frame)
    assert after.select(schema.PRIVATE).equals(frame.select(schema.PRIVATE))
    assert after["pii"].to_list() == [0, 0]
    assert after["pii_kinds"].null_count() == 2


def test_an_empty_table_passes() -> None:
    frame = schema.messages({"conversation_id": [], "role": [], "text": []})
    assert RedactPii()(frame).columns[-2:] == ["pii", "pii_kinds"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kinds": ("emial",)}, "did you mean 'email'"),
        ({"regions": ("France",)}, "'France' is no region"),
        ({"keep": ("",)}, "is empty"),
    ],
)
def test_an_option_that_is_wrong_is_refused(options: dict[str, tuple[str, ...]], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        RedactPii(**options)  # type: ignore[arg-type]


# --- laws ---------------------------------------------------------------------------------------------

VALUES = [
    "jean.dupont@exemple.fr",
    "a_b+c@mail.example.org",
    "06 12 34 56 78",
    "+33 6 12 34 56 78",
    "(415) 555-0132",
    "FR14 2004 1010 0505 0001 3M02 606",
    "4111 1111 1111 1111",
    "460-89-9847",
    "92.184.100.7",
    "3c:22:fb:12:9a:0f",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "Camille Durand",
]
FILLER = st.text(alphabet="abé ,.:<>_@&;%0139\n\"'-/", max_size=14)
WORDS = st.sampled_from(
    [
        *("Bonjour", "merci", "tel", "order", "<EMAIL_1>", "<PERSON_2>", "v1.2", "&#64;", "12/05/2024"),
        *("What number can we reach you at?", "4155552671", "4155552672 or 467 3395", "01 23 45 67 89"),
        *("2024051298/0123456789", "3.14.15.92", "nginx 1.25.3.1 released", "server"),
    ]
)
PIECE = st.one_of(st.sampled_from(VALUES), WORDS, FILLER)
TEXT = st.lists(PIECE, max_size=6).map(" | ".join)


@st.composite
def logs(draw: st.DrawFn) -> pl.DataFrame:
    rows: list[dict[str, object]] = []
    for number in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(["c", "jean.dupont@exemple.fr", "x 06 12 34 56 78"]))
        author = draw(st.sampled_from([None, "Camille Durand", "user", "Will"]))
        for turn in range(draw(st.integers(1, 3))):
            text = draw(TEXT)
            extra = draw(
                st.one_of(st.none(), st.dictionaries(TEXT, st.one_of(TEXT, st.integers()), max_size=2))
            )
            rows.append(
                {
                    "conversation_id": f"{name}-{number}",
                    "role": "user" if turn % 2 == 0 else "assistant",
                    "author": author if turn % 2 == 0 else None,
                    "text": text,
                    "original": draw(st.one_of(st.none(), TEXT, st.just(f"<p>{text}</p>"))),
                    "extra": None if extra is None else json.dumps(extra),
                    "source": draw(st.sampled_from(["f.jsonl", "Camille Durand.json"])),
                }
            )
    return schema.messages({name: [row[name] for row in rows] for name in rows[0]})


@settings(max_examples=40, deadline=None)
@given(logs())
def test_redaction_is_a_fixpoint(frame: pl.DataFrame) -> None:
    once = RedactPii()(frame)
    twice = RedactPii()(once.drop("pii", "pii_kinds"))
    assert twice.select(schema.PRIVATE).equals(once.select(schema.PRIVATE))


def test_what_is_left_of_an_answer_is_looked_at_again() -> None:
    said = ["Your phone number?", "2024051298/3.14.15.92/24 4155552671/12/05/2024"]
    once = texts([None, None], said)
    assert texts([None, None], once) == once


@settings(max_examples=40, deadline=None)
@given(logs())
def test_a_value_of_a_text_is_left_in_no_column(frame: pl.DataFrame) -> None:
    after = schema.number_conversations(frame).select(schema.CONVERSATION).hstack(RedactPii()(frame))
    before = schema.number_conversations(frame)
    for number in before[schema.CONVERSATION].unique():
        said = before.filter(pl.col(schema.CONVERSATION) == number)
        left = after.filter(pl.col(schema.CONVERSATION) == number)
        for value in VALUES[:-1]:
            if any(value in text.split(" | ") for text in said["text"]):
                for name in schema.PRIVATE:
                    assert not any(value in (cell or "") for cell in left[name]), (name, value)


@settings(max_examples=40, deadline=None)
@given(logs())
def test_a_conversation_alone_is_redacted_as_in_a_batch(frame: pl.DataFrame) -> None:
    whole = RedactPii()(frame)
    parts = [RedactPii()(part) for part in frame.partition_by("conversation_id", maintain_order=True)]
    assert pl.concat(parts).equals(whole)
