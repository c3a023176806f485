"""Tokenizers made ready: pad is never an end, bytes are exact, hub-less models get a template."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("transformers", reason="training needs transformers")

from hypothesis import given
from hypothesis import strategies as st

from tests.train.making import FAMILIES, tokenizer
from train.errors import ConfigError
from train.tokenizer import bytes_per_id, control_ids, load, ready, tokenizer_hash, train_bpe


@given(st.text())
def test_bytes_of_a_texts_ids_are_the_texts(text: str) -> None:
    known = tokenizer()
    ids = known.encode(text, add_special_tokens=False, split_special_tokens=True)
    sizes = bytes_per_id(known)
    assert sizes is not None
    assert sizes[ids].sum() == len(text.encode())
    assert known.decode(ids) == text


@pytest.mark.parametrize("family", FAMILIES)
def test_pad_is_never_the_end_of_a_turn(family: str) -> None:
    made = train_bpe(["abc"], 264)
    made.chat_template, made.pad_token = tokenizer(family).chat_template, "<|end|>"
    made.eos_token = "<|end|>"
    assert ready(made).pad_token_id != made.eos_token_id


def test_a_tokenizer_without_a_template_gets_one_and_two_tokens() -> None:
    made = train_bpe(["abc"], 264)
    made.chat_template = None
    before = len(made)
    ready(made)
    assert len(made) == before + 2
    assert made.eos_token == "<|im_end|>"
    told = made.apply_chat_template([{"role": "user", "content": "a"}], tokenize=False)
    assert told == "<|im_start|>user\na<|im_end|>\n"


def test_what_is_saved_is_read_back_the_same(tmp_path: Path) -> None:
    made = train_bpe(["abc abd"], 270)
    made.save_pretrained(tmp_path)
    again = load(tmp_path)
    assert tokenizer_hash(again) == tokenizer_hash(load(tmp_path))
    assert again.get_vocab() == made.get_vocab()
    assert control_ids(again) == control_ids(made) == frozenset(range(8))
    assert again.chat_template == made.chat_template


def test_training_on_the_same_texts_gives_the_same_tokenizer() -> None:
    texts = ["the quick brown fox", "jumps over"] * 3
    assert tokenizer_hash(train_bpe(texts, 280)) == tokenizer_hash(train_bpe(texts, 280))


def test_a_vocabulary_too_small_for_bytes_is_refused() -> None:
    with pytest.raises(ConfigError, match="264"):
        train_bpe(["a"], 100)


def test_a_missing_tokenizer_is_said_with_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--tokenizer"):
        load(tmp_path)
