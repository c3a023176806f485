"""Answers as they are made: the same tokens as transformers', whole characters, stop texts, room."""

from __future__ import annotations

import random
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs torch")

import torch

from tests.train import small
from train.errors import ConfigError
from train.generate import Sampling, Speaker, Speech, TooLongError, choose, until
from train.records import Message
from train.render import Renderer

ASKED = (Message("user", "the red kettle"),)


@pytest.fixture(scope="module")
def speaker() -> Speaker:
    return Speaker(small.model(), Renderer(small.tokenizer()))


def ids_of(speaker: Speaker, sampling: Sampling, most: int) -> list[int]:
    return list(speaker.ids(speaker.renderer.prompt(ASKED), sampling, most))


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_greedy_answers_are_those_of_transformers(kind: str) -> None:
    speaker = Speaker(small.model(kind), Renderer(small.tokenizer()))
    prompt = speaker.renderer.prompt(ASKED)
    theirs = speaker.model.generate(
        torch.tensor([prompt]),
        max_new_tokens=30,
        do_sample=False,
        eos_token_id=sorted(speaker.renderer.ends),
        pad_token_id=speaker.renderer.tokenizer.pad_token_id,
    )[0, len(prompt) :].tolist()
    assert list(speaker.ids(prompt, Sampling(), 30)) == theirs


def test_a_seed_gives_the_same_draws_and_another_gives_others(speaker: Speaker) -> None:
    drawn = [ids_of(speaker, Sampling(temperature=1.0, seed=seed), 40) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_draws_follow_the_shares_of_the_nucleus() -> None:
    scores = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05]))
    source = torch.Generator().manual_seed(0)
    drawn = [choose(scores, Sampling(temperature=1.0, top_p=0.7), source) for _ in range(4000)]
    assert set(drawn) == {0, 1}  # 0.5 holds less than 0.7, 0.5 + 0.3 holds it
    assert abs(drawn.count(0) / 4000 - 0.5 / 0.8) < 0.03
    cold = [choose(scores, Sampling(temperature=0.01), source) for _ in range(50)]
    assert set(cold) == {0}


def test_pieces_are_whole_characters_and_make_the_whole_text(speaker: Speaker) -> None:
    tokenizer = speaker.renderer.tokenizer
    rng = random.Random(0)
    for text in ("été où ça 你好 order", "🙂🙂 naïve — «déjà»", "\ufffd lone", "a" * 30):
        ids = tokenizer.encode(text, add_special_tokens=False)
        told = spoken(speaker, ids)
        pieces = list(told)
        assert "".join(pieces) == tokenizer.decode(ids, skip_special_tokens=True)
        assert all(pieces)
    ids = [rng.randrange(20, len(tokenizer)) for _ in range(200)]
    assert "".join(spoken(speaker, ids)) == tokenizer.decode(ids, skip_special_tokens=True)


def spoken(speaker: Speaker, ids: list[int]) -> Speech:
    """A speech whose model says the ids given."""

    class Told(Speaker):
        def ids(self, prompt: Any, sampling: Sampling, most: int) -> Any:
            return iter(ids)

    return Speech(Told(speaker.model, speaker.renderer), [0], Sampling(), len(ids))


@pytest.mark.parametrize(
    ("pieces", "stops", "said", "finish"),
    [
        (["one END two"], ["END"], "one ", "stop"),
        (["one E", "N", "D two"], ["END"], "one ", "stop"),
        (["one E", "N", "X"], ["END"], "one ENX", "length"),
        (["ab", "ab", "c"], ["abc", "bab"], "a", "stop"),
        (["one E"], ["END"], "one E", "length"),
    ],
)
def test_a_stop_text_ends_the_answer_wherever_pieces_are_cut(
    speaker: Speaker, pieces: list[str], stops: list[str], said: str, finish: str
) -> None:
    speech = Speech(speaker, [0], Sampling(), 1)
    assert "".join(until(stops, pieces, speech)) == said
    assert speech.finish == finish


def test_an_answer_never_goes_beyond_the_positions_of_the_model() -> None:
    speaker = Speaker(small.model(positions=64), Renderer(small.tokenizer()))
    speech = speaker.answer(ASKED, Sampling(temperature=2.0, seed=3))
    assert speech.most == 64 - len(speech.prompt)
    with pytest.raises(TooLongError, match="the model takes 64"):
        speaker.answer([Message("user", "the red kettle " * 60)])


def test_it_stops_where_the_turn_ends(speaker: Speaker) -> None:
    end = min(speaker.renderer.ends)
    ids = speaker.renderer.tokenizer.encode("fine", add_special_tokens=False)
    speech = spoken(speaker, [*ids, end, *ids])
    assert speech.whole() == "fine" and speech.finish == "stop" and speech.tokens == len(ids) + 1


@pytest.mark.parametrize("wrong", [{"temperature": -1}, {"top_p": 0}, {"most": -1}, {"stop": ("",)}])
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Sampling(**wrong)
