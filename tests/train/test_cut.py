"""Long conversations: split at turns, the opening repeated and masked, every token counted."""

from __future__ import annotations

import io

import pytest

pytest.importorskip("transformers", reason="training needs transformers")

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from tests.train.making import FAMILIES, chats, decoded, tokenizer
from train import show
from train.accounting import account
from train.cut import fit_length
from train.errors import DataError, LimitBrokenError
from train.records import conversation
from train.render import Renderer

LONG = [("user", "Hello there"), ("assistant", "I am fine, thank you.")] * 4


@pytest.mark.parametrize("family", FAMILIES)
def test_pieces_begin_with_the_opening_and_a_users_turn(family: str) -> None:
    known = tokenizer(family)
    whole = Renderer(known).render([conversation("a", LONG)])[0]
    turn = (len(whole) - whole.exchanges[0]) // 4
    cut = fit_length([whole], whole.exchanges[0] + 2 * turn + 3)
    first, second = (decoded(known, piece.ids) for piece in cut.pieces)
    assert first.strip() == second.strip()
    assert cut.truncated == cut.dropped == 0
    assert cut.repeated == whole.exchanges[0]
    assert sum(piece.targets for piece in cut.pieces) == whole.targets


def test_the_system_message_stands_before_every_piece_and_is_not_learned() -> None:
    known = tokenizer("llama3")
    whole = Renderer(known).render([conversation("a", [("system", "be kind"), *LONG])])[0]
    pieces = fit_length([whole], len(whole) // 2 + 20).pieces
    assert len(pieces) > 1
    for piece in pieces:
        text = decoded(known, piece.ids)
        assert text.startswith("<|bos|><|start_header_id|>system<|end_header_id|>\n\nbe kind<|eot_id|>")
        assert text.count("be kind") == 1
        assert "be kind" not in decoded(known, piece.ids[piece.trained])


def test_an_exchange_longer_than_a_sequence_loses_its_end_and_that_is_counted() -> None:
    one = conversation("a", [("user", "Hello"), ("assistant", "the fox " * 50)])
    whole = Renderer(tokenizer()).render([one])[0]
    cut = fit_length([whole], 40)
    assert len(cut.pieces[0]) == 40
    assert cut.truncated == cut.truncated_targets == len(whole) - 40


@pytest.mark.parametrize(("overlong", "left"), [("drop", 1), ("split", 3)])
def test_what_is_too_long_is_dropped_or_split(overlong: str, left: int) -> None:
    rendered = Renderer(tokenizer()).render([conversation("a", LONG), conversation("b", LONG[:2])])
    cut = fit_length(rendered, len(rendered[1]) * 2 + 1, overlong)
    assert len(cut.pieces) == left
    assert cut.dropped == (len(rendered[0]) if overlong == "drop" else 0)


def test_an_error_names_the_conversation_and_what_to_set() -> None:
    rendered = Renderer(tokenizer()).render([conversation("c17", LONG)])
    with pytest.raises(DataError, match=r"c17.*data\.overlong"):
        fit_length(rendered, 20, "error")


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 50),
    st.integers(12, 120),
    st.sampled_from(["split", "drop"]),
    st.sampled_from(["own", "chatml"]),
)
def test_every_token_is_trained_masked_truncated_or_dropped(
    seed: int, length: int, overlong: str, family: str
) -> None:
    talked = [
        *chats(6, seed, turns=4),
        conversation("shown", [("user", "Hi"), ("assistant", "the fox", 0)]),
        conversation(
            "mail", [("user", "Hi"), ("assistant", "write <EMAIL_1> a"), ("user", "x"), ("assistant", "b", 0)]
        ),
    ]
    rendered = Renderer(tokenizer(family)).render(talked)
    cut = fit_length(rendered, length, overlong)
    told = account(talked, rendered, cut)  # raises where the identity does not hold
    assert told.rendered == sum(len(one) for one in rendered)
    assert told.trained + told.lost == told.assistant
    assert all(len(piece) <= length and piece.targets for piece in cut.pieces)
    parts = told.masked_others + told.masked_weight_zero + told.masked_stand_ins + told.masked_template
    assert parts == told.masked and told.masked_template >= 0


def test_the_accounting_says_why_tokens_are_masked() -> None:
    talked = [
        conversation(
            "a", [("user", "Hi"), ("assistant", "the", 0), ("user", "Hi"), ("assistant", "<EMAIL_1> fox")]
        )
    ]
    renderer = Renderer(tokenizer())
    rendered = renderer.render(talked)
    told = account(talked, rendered, fit_length(rendered, 200))
    shown = renderer.encode(["the"])[0][0].size + 1
    assert told.masked_weight_zero == shown and told.messages_weight_zero == 1
    assert told.masked_stand_ins > 0
    assert told.masked_others == 2 * (renderer.encode(["Hi"])[0][0].size + 1)
    assert told.masked_template == 5  # BOS and four headers


def test_only_assistant_messages_of_what_is_learned_count_as_masked_by_curation() -> None:
    talked = [
        conversation(
            "a", [("user", "Hi", 0), ("assistant", "fox")]
        ),  # others are never learned, masked or not
        conversation("b", [("user", "Hi"), ("assistant", "the", 0)]),  # dropped whole
    ]
    rendered = Renderer(tokenizer()).render(talked)
    told = account(talked, rendered, fit_length(rendered, 200))
    assert (told.messages_weight_zero, told.masked_weight_zero, told.conversations_dropped) == (0, 0, 1)
    page = io.StringIO()
    show.accounting(Console(file=page, width=80), told)
    said = page.getvalue()
    assert (
        "0 assistant messages that curation masked" in said and "1 conversation with nothing to learn" in said
    )


def test_more_than_the_allowed_loss_breaks_the_limit() -> None:
    talked = [conversation("a", [("user", "Hello"), ("assistant", "the fox " * 50)])]
    rendered = Renderer(tokenizer()).render(talked)
    told = account(talked, rendered, fit_length(rendered, 40))
    with pytest.raises(LimitBrokenError, match="max_length"):
        told.stand(0.01)
    told.stand(1.0)
