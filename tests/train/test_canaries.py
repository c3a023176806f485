"""Canaries: planted as often as asked, exposed by rank, remembered when seen often, and never told."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from tests.train import making
from tests.train.pretending import pretending
from train import canaries, fit
from train.canaries import Canary
from train.checks.run import plain, wanted
from train.config import Canaries, Config, from_dict
from train.errors import ConfigError, DataError
from train.evaluate import Options, scorer_of
from train.export import export
from train.records import conversation

torch.set_num_threads(1)


def test_exposure_is_by_rank_among_others() -> None:
    canary = Canary("1234", "000111", 4)
    most = np.log2(canaries.CANDIDATES + 1)
    best = canaries.exposure(pretending(lambda text: 1.0 if "000111" in text else 2.0), canary)
    worst = canaries.exposure(pretending(lambda text: 3.0 if "000111" in text else 2.0), canary)
    assert best == pytest.approx(most)
    assert worst == pytest.approx(0, abs=0.1)
    rng = np.random.default_rng(0)
    by_chance = [canaries.exposure(pretending(lambda _: rng.random()), canary, 63) for _ in range(40)]
    assert 0.9 < np.mean(by_chance) < 2.1  # 1 / ln 2 is 1.44


def test_canaries_are_planted_as_often_as_asked_beside_controls() -> None:
    options = Canaries(count=3, copies=(1, 5), seed=4)
    made = canaries.made(options)
    assert made == canaries.made(options) != canaries.made(Canaries(count=3, copies=(1, 5), seed=5))
    assert len({one.box for one in made}) == 9
    told = canaries.planted([conversation("a", [("user", "x")])], options)
    text = [one.messages[-1].content for one in told]
    assert len(told) == 1 + 3 * 1 + 3 * 5 and len({one.id for one in told}) == len(told)
    for one in made:
        assert sum(one.secret in said for said in text) == one.copies
    assert canaries.planted([], Canaries()) == []


def test_without_canaries_the_hash_of_options_is_as_it_was() -> None:
    assert Config().hash() == Config(canaries=Canaries(seed=3)).hash()
    assert Config().hash() != Config(canaries=Canaries(count=1)).hash()
    with pytest.raises(ConfigError, match="canaries"):
        Config(canaries=Canaries(count=1, copies=(0,)))


def test_a_secret_seen_often_is_remembered_and_a_control_is_not(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(making.sizes()))
    config = from_dict(
        {
            "model": {"source": str(tmp_path / "config.json"), "vocabulary": 320},
            "optim": {"lr": 1e-2, "tokens_per_step": 500, "steps": 70, "warmup": 0.1},
            "run": {"threads": 1},
            "canaries": {"count": 2, "copies": [24]},
        },
        "the test",
    )
    done = fit.fit(config, tmp_path / "run", conversations=making.chats(6))
    planted = canaries.read(tmp_path / "run")
    assert [one.copies for one in planted] == [0, 0, 24, 24]
    assert done.prepared.accounting.conversations == 6 + 48
    assert not any(
        one.secret in token for one in planted for token in done.tokenizer.get_vocab()
    )  # the tokenizer did not see them
    folder = export(tmp_path / "run", tmp_path / "exported")
    assert "2 invented secrets (canaries) were planted" in (folder / "README.md").read_text()
    told = canaries.remembered(scorer_of(done.model, done.tokenizer, Options()), planted, 63)
    control, often = told.by_copies
    assert often.exposure.value > control.exposure.value + 2
    assert control.extracted == 0
    assert planted[0].secret not in json.dumps(plain(canaries.as_dict(told)))


def test_a_folder_without_canaries_says_how_to_plant_some(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"canaries\.count"):
        wanted(planted=str(tmp_path))
