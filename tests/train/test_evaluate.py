"""Perplexity and bits per byte: exact at any batch size, windows that score once, figures with a definition."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install '.[train]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install '.[train]'")

import torch
from rich.console import Console
from torch.nn import functional

from tests.train.small import chats, model, tokenizer
from train import evaluate as evaluates
from train import figures
from train.compare import NotComparableError, compare
from train.context import ALONE, EXCHANGE, answers
from train.errors import ConfigError
from train.evaluate import Options, evaluate
from train.evaluated import Evaluation, from_dict
from train.records import Conversation, conversation
from train.render import Renderer
from train.windows import spans

MODELS = ("llama", "qwen2", "gpt2")


def evaluated(chosen: list[Conversation], kind: str = "llama", **options: object) -> Evaluation:
    return evaluate(model(kind), tokenizer(), chosen, Options(**{"context": 0, "draws": 50, **options}))  # type: ignore[arg-type]


def by_hand(chosen: list[Conversation], kind: str = "llama") -> tuple[float, float]:
    """Perplexity and bits per byte from plain transformers, one conversation at a time, no window."""
    nll = text = 0.0
    tokens = size = 0
    for one in Renderer(tokenizer()).render(chosen):
        ids = torch.tensor(one.ids[None].astype(np.int64))
        with torch.no_grad():
            logits = model(kind)(input_ids=ids).logits[0, :-1].double()
        each = functional.cross_entropy(logits, ids[0, 1:], reduction="none").numpy()
        for place, loss in enumerate(each, 1):
            if one.trained[place]:
                nll, tokens = nll + loss, tokens + 1
                said = tokenizer().decode([one.ids[place]]) != "<|end|>"
                text += loss if said else 0.0
    for talk in chosen:
        size += sum(len(m.content.encode()) for m in talk.messages if m.learned)
    return math.exp(nll / tokens), text / math.log(2) / size


@pytest.mark.parametrize("kind", MODELS)
def test_figures_are_those_of_plain_transformers_one_conversation_at_a_time(kind: str) -> None:
    chosen = chats(12)
    told = evaluated(chosen, kind).overall
    perplexity, bits = by_hand(chosen, kind)
    assert told.perplexity == pytest.approx(perplexity, rel=1e-5)
    assert told.bits_per_byte == pytest.approx(bits, rel=1e-5)


@pytest.mark.parametrize("kind", MODELS)
def test_figures_are_equal_at_any_batch_size_packed_or_not(kind: str) -> None:
    chosen = chats(30)
    assert max(len(one.messages) for one in chosen) > 2 * min(len(one.messages) for one in chosen)
    told = [
        evaluated(chosen, kind, rows=rows, packed=packed) for rows in (1, 7, 64) for packed in (False, True)
    ]
    for one in told[1:]:
        assert one.hash == told[0].hash
        assert one.overall.perplexity == pytest.approx(told[0].overall.perplexity, rel=1e-6)
        assert one.overall.bits_per_byte == pytest.approx(told[0].overall.bits_per_byte, rel=1e-6)
        np.testing.assert_allclose(one.sums, told[0].sums, rtol=1e-5)


def test_figures_do_not_depend_on_the_order_of_conversations() -> None:
    chosen = chats(20)
    first, second = evaluated(chosen), evaluated(chosen[::-1])
    assert second.overall.perplexity == pytest.approx(first.overall.perplexity, rel=1e-6)


def test_perplexity_weighs_tokens_and_not_conversations() -> None:
    short, long = conversation("s", [("user", "the"), ("assistant", "red")]), chats(4)[3]
    told = evaluated([short, long])
    mean = np.mean([math.exp(row[0] / row[1]) for row in told.sums])
    whole = math.exp(told.sums[:, 0].sum() / told.sums[:, 1].sum())
    assert told.overall.perplexity == pytest.approx(whole)
    assert abs(mean - whole) > 0.01 * whole


@pytest.mark.parametrize("window,stride", [(2, 1), (5, 2), (16, 8), (16, 15), (300, 150)])
def test_every_token_is_scored_once_whatever_the_windows(window: int, stride: int) -> None:
    for length in (1, 2, 15, 16, 17, 100):
        seen = np.zeros(length, int)
        for start, stop, new in spans(length, window, stride):
            seen[new:stop] += 1
            assert stop - start <= window
            assert start == 0 or new - start >= window - stride  # context where there is any
        assert (seen == 1).all()
    chosen = chats(6)
    told = evaluated(chosen, window=window, stride=stride)
    assert told.overall.tokens == sum(one.targets for one in Renderer(tokenizer()).render(chosen))


def test_a_window_as_long_as_the_conversation_changes_nothing() -> None:
    chosen = chats(10)
    longest = max(len(one) for one in Renderer(tokenizer()).render(chosen))
    assert longest < 500
    whole, fitting = evaluated(chosen), evaluated(chosen, window=longest, stride=longest // 2)
    assert fitting.overall.perplexity == pytest.approx(whole.overall.perplexity, rel=1e-6)


def test_strided_windows_are_what_each_window_gives_alone() -> None:
    chosen = chats(3, turns=8)[:1]
    one = Renderer(tokenizer()).render(chosen)[0]
    ids = torch.tensor(one.ids.astype(np.int64))
    total = 0.0
    for start, stop, new in spans(len(one), 16, 8):
        with torch.no_grad():
            logits = model()(input_ids=ids[None, start:stop]).logits[0].double()
        for place in range(max(new, 1), stop):
            if one.trained[place]:
                total += functional.cross_entropy(logits[place - start - 1], ids[place]).item()
    assert evaluated(chosen, window=16, stride=8).sums[0, 0] == pytest.approx(total, rel=1e-5)


def test_masked_answers_and_stand_ins_are_no_targets() -> None:
    plain = conversation("a", [("user", "the"), ("assistant", "write to me")])
    hidden = conversation("a", [("user", "the"), ("assistant", "write to <EMAIL_1> me")])
    masked = conversation("b", [("user", "the"), ("assistant", "again", 0), ("assistant", "late")])
    told = evaluated([hidden, masked])
    assert told.overall.bytes < len(b"write to <EMAIL_1> me") + len(b"late")
    assert told.overall.bytes >= len(b"write to") + len(b"late")
    assert {one.name for one in told.slices if one.kind == "role"} >= {"assistant", "assistant, shown only"}
    assert evaluated([plain]).overall.bytes == len(b"write to me")


def test_bytes_are_those_of_the_text() -> None:
    chosen = chats(20)
    told = evaluated(chosen)
    assert told.exact
    learned = sum(len(m.content.encode()) for one in chosen for m in one.messages if m.learned)
    assert told.overall.bytes == learned


def test_slices_of_one_kind_add_up_to_the_whole() -> None:
    told = evaluated(chats(30))
    for kind in ("language", "toxicity", "length", "turn"):
        parts = [one for one in told.slices if one.kind == kind]
        assert sum(one.tokens for one in parts) == told.overall.tokens, kind
        whole = sum(math.log(one.perplexity) * one.tokens for one in parts)
        assert whole == pytest.approx(math.log(told.overall.perplexity) * told.overall.tokens, rel=1e-9)


def test_figures_have_intervals_that_hold_them_and_a_definition() -> None:
    told = evaluated(chats(30), draws=500)
    for one in (told.overall, *told.slices):
        assert one.definition == told.hash
        if one.conversations >= 5:
            assert one.perplexity_low is not None and one.perplexity_high is not None
            assert one.perplexity_low <= one.perplexity <= one.perplexity_high
        else:
            assert one.perplexity_low is None


def test_a_fully_masked_set_gives_no_figure_and_no_error() -> None:
    told = evaluated([conversation("a", [("user", "the red"), ("assistant", "kettle", 0)])])
    assert math.isnan(told.overall.perplexity) and told.overall.tokens == 0
    assert json.loads(json.dumps(told.as_dict(), allow_nan=False))["overall"]["perplexity"] is None


def test_an_evaluation_comes_back_from_json_as_it_was() -> None:
    told = evaluated(chats(8))
    again = from_dict(json.loads(json.dumps(told.as_dict())))
    assert again.as_dict() == told.as_dict()
    assert "kettle" not in json.dumps(told.as_dict())  # never a text


def test_a_model_compared_with_itself_differs_by_nothing() -> None:
    told = evaluated(chats(8))
    found = compare(told, told)
    assert found.bits_per_byte.value == 0 and found.perplexity is not None and found.perplexity.value == 1


def test_what_is_not_comparable_is_refused_with_what_differs() -> None:
    chosen = chats(8)
    told = evaluated(chosen)
    for other, named in (
        (evaluated(chosen, window=64), "window"),
        (evaluated(chosen[:7]), "data"),
        (evaluated(chosen, stand_ins="learn"), "stand_ins"),
    ):
        assert other.hash != told.hash
        with pytest.raises(NotComparableError, match=named):
            compare(told, other)


def test_across_tokenizers_only_bits_per_byte_are_compared() -> None:
    from train.models import from_scratch
    from train.tokenizer import train_bpe

    other = train_bpe(["entirely other words than those"], 300)
    sizes = {"model_type": "llama", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1}
    small = from_scratch({**sizes, "intermediate_size": 16, "max_position_embeddings": 512}, other)
    chosen = chats(8)
    first, second = evaluated(chosen), evaluate(small, other, chosen, Options(context=0))
    found = compare(first, second)
    gap = first.overall.bits_per_byte - second.overall.bits_per_byte
    assert found.perplexity is None and found.bits_per_byte.value == pytest.approx(gap)


def test_bytes_that_are_estimates_are_not_compared_across_tokenizers() -> None:
    told = evaluated(chats(4))
    other = replace(told, exact=False, definition={**told.definition, "tokenizer": "0", "exact_bytes": False})
    with pytest.raises(NotComparableError, match="byte-level"):
        compare(told, other)


def test_answers_lose_what_came_before_them() -> None:
    chat = conversation(
        "a", [("system", "s"), ("user", "u"), ("assistant", "x"), ("user", "v"), ("assistant", "y")]
    )
    told = {
        (one.message, kept): one.conversation for kept in (ALONE, EXCHANGE) for one in answers([chat], kept)
    }
    assert [m.content for m in told[4, EXCHANGE].messages] == ["s", "v", "y"]
    assert [m.content for m in told[4, ALONE].messages] == ["s", "y"]
    assert (2, EXCHANGE) not in told  # nothing to take away


def test_context_gain_is_the_difference_on_the_same_answers() -> None:
    chosen = chats(20)
    told = evaluated(chosen, context=20)
    alone = next(one for one in told.context if one.left == ALONE)
    assert alone.gain == pytest.approx(alone.without - alone.with_context)
    assert alone.answers == sum(m.learned for one in chosen for m in one.messages) - sum(
        one.messages[0].learned for one in chosen
    ) - sum(
        len(one.messages) > 1 and one.messages[0].role == "system" and one.messages[1].learned
        for one in chosen
    )


def test_a_window_longer_than_the_model_is_refused() -> None:
    with pytest.raises(ConfigError, match="--window 4096"):
        evaluated(chats(2), window=4096)


def test_the_same_conversations_give_the_same_intervals() -> None:
    chosen = chats(12)
    assert evaluated(chosen).overall == evaluated(chosen).overall
    assert evaluates.spread(10, 3) == [0, 3, 6]


@pytest.mark.parametrize("width", [72, 80, 100, 140])
def test_no_figure_is_cut_on_a_narrow_terminal(width: int) -> None:
    told = evaluated(chats(12))
    large = replace(
        told.overall, perplexity=98765.432, perplexity_low=91234.567, perplexity_high=99999.999,
        bits_per_byte=12.34567, bits_low=11.23456, bits_high=13.45678, conversations=12345, tokens=12345678,
        kind="source", name="a-folder/with-a-long-name/conversations-of-may.jsonl",
    )  # fmt: skip
    page = io.StringIO()
    figures.show(Console(file=page, width=width, highlight=False), replace(told, slices=(large,)))
    said = page.getvalue()
    assert "…" not in said and max(map(len, said.splitlines())) <= width
    wide = width >= figures.WIDE
    for figure in (
        "98,765.43", "12.3457" if wide else "12.346", "12,345", "12,345,678",
        "[11.2346, 13.4568]" if wide else "[11.235, 13.457]",
    ):  # fmt: skip
        assert figure in said
    assert ("[91,234.57, 100,000.00]" in said) == wide
    assert (
        "conversations-of-may.jsonl" in "".join(line[:32].strip() for line in said.splitlines())
        or width < 140
    )
