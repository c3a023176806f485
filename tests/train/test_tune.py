"""The search: what it spends, what it finds where the answer is known, end to end, killed and gone on with."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import itertools
import json
import math
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from tests.train.making import chats, sizes
from tests.train.test_cli import train
from train import config as configs
from train import trial
from train.config import from_dict, to_toml
from train.errors import ConfigError, DataError
from train.tune.halving import Attempt, cost, halve, rungs
from train.tune.search import Asked, tune
from train.tune.sides import sides
from train.tune.space import Point, Space, default
from train.tune.suggest import suggest

SPACE = Space(lr=(1e-5, 1e-1), batch=(256, 512, 1024, 2048), tokens=(9000,), rank=(0,))
OWN = Point(2e-5, 256, 9000, 0)


def bowl(tried: Any) -> list[float]:
    """A stand-in objective: fewest bits (2.0) at a rate of 3e-3 and a batch of 1,024; no number from 5e-2 on."""
    return [
        math.nan
        if one.point.lr > 5e-2
        else 2 + 0.3 * math.log10(one.point.lr / 3e-3) ** 2 + 0.02 * math.log2(one.point.batch / 1024) ** 2
        for one in tried
    ]


@pytest.mark.parametrize("trials", range(1, 30))
@pytest.mark.parametrize(("eta", "most"), [(2, 4), (3, 3), (4, 2), (3, 1)])
def test_rungs_cost_exactly_what_was_given_and_narrow(trials: int, eta: int, most: int) -> None:
    plan = rungs(trials, eta, most)
    assert cost(plan) == pytest.approx(trials, abs=1e-9)
    assert all(one.runs >= other.runs >= 1 for one, other in itertools.pairwise(plan))
    assert plan[-1].share == 1


@pytest.mark.parametrize("seed", range(5))
def test_halving_finds_the_known_best_and_spends_its_budget_to_the_token(seed: int) -> None:
    made = halve(SPACE, rungs(9, 3, 3), seed, bowl, [OWN])
    assert sum(one.point.tokens for one in made) == 9 * 9000
    best = min(made, key=lambda one: (-one.rung, one.score))
    assert best.score < 2.05 and best.point.tokens == 9000
    assert made[0].whole == OWN
    assert any(one.pruned for one in made) and not any(one.pruned for one in made if one.rung)


@pytest.mark.parametrize("seed", range(3))
def test_optuna_finds_the_known_best_and_is_the_same_again(seed: int) -> None:
    pytest.importorskip("optuna")
    made = suggest(SPACE, 24, seed, bowl, [OWN])
    assert made == suggest(SPACE, 24, seed, bowl, [OWN])
    assert len(made) == 24 and made[0].point == OWN
    assert min(one.score for one in made) < 2.05


def test_without_optuna_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError, match=r"tamis\[tune\].*halving"):
        suggest(SPACE, 4, 0, bowl)


def test_points_cover_rates_and_take_choices_equally_often() -> None:
    drawn = SPACE.drawn(16, 3)
    strata = sorted(int((math.log10(one.lr) + 5) / 4 * 16 - 1e-9) for one in drawn)
    assert strata == list(range(16))
    assert all(sum(one.batch == batch for one in drawn) == 4 for batch in SPACE.batch)


def test_a_configuration_written_as_toml_is_read_back_whole(tmp_path: Path) -> None:
    told = from_dict(
        {
            "model": {"source": 'a "quoted" é/'},
            "lora": {"rank": 8, "targets": ["q_proj", "v_proj"]},
            "optim": {"lr": 1.5e-5, "betas": [0.8, 0.9]},
            "run": {"tensorboard": True},
        },
        "test",
    )
    (tmp_path / "best.toml").write_text(to_toml(told), "utf-8")
    assert configs.load(tmp_path / "best.toml") == told


def small(folder: Path, copies: int = 0) -> Asked:
    """A search over two rates and batches that takes seconds."""
    talked = chats(60, most=12)
    rows = [
        {
            "conversation_id": f"{one.id}{mark}",
            "messages": [{"role": m.role, "content": m.content} for m in one.messages],
        }
        for mark in ("", *(f"-{n}" for n in range(copies)))
        for one in talked
    ]
    (folder / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "config.json").write_text(json.dumps(sizes()))
    told = {
        "model": {"source": str(folder / "config.json"), "vocabulary": 300},
        "data": {"max_length": 128},
        "optim": {"lr": 1e-3, "tokens_per_step": 100},
        "run": {"device": "cpu", "threads": 1},
    }
    return Asked(
        source=str(folder / "set.jsonl"),
        config=from_dict(told, "test"),
        lr="1e-3:3e-2",
        batch="50,100",
        tokens="600",
        trials=3,
        eta=3,
        rungs=2,
        method="halving",
        seeds=2,
        held_out=0.3,
        workers=1,
    )


def told(found: Any) -> dict[str, Any]:
    plain = found.as_dict()
    return {name: plain[name] for name in ("attempts", "finalists", "chosen", "gain", "spent")}


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.train.test_tune import small
from train import fit as fits
from train.tune.search import tune
folder, after, real, begun = Path(sys.argv[1]), int(sys.argv[2]), fits.fit, []
def counted(config, place, **more):
    begun.append(place)
    if len(begun) > after:
        more["watch"] = lambda step, state, run: os.kill(os.getpid(), signal.SIGKILL)
    return real(config, place, **more)
fits.fit = counted
tune(small(folder), folder / "killed")
"""


def killed(folder: Path, after: int) -> None:
    """Search in a process of its own that kills itself (-9) in its `after`-th training."""
    command = [sys.executable, "-c", KILLED, str(folder), str(after)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL


def test_a_search_killed_goes_on_to_the_same_end(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    asked = small(tmp_path)
    whole = tune(asked, tmp_path / "whole")
    killed(tmp_path, after=5)  # one of them is the forecast's
    left = len(list((tmp_path / "killed" / "trials").glob("*.json")))
    assert left == 4
    ran: list[str] = []
    gone_on = tune(asked, tmp_path / "killed", ran.append)
    assert told(gone_on) == told(whole)
    assert any("taken up" in line for line in ran)


def test_the_search_chooses_by_one_half_and_tells_by_the_other(tmp_path: Path) -> None:
    found = sides(small(tmp_path, copies=1).source, 0.3, 0)
    names = {name: {one.id for one in some} for name, some in found.scored.items()}
    assert not names["search"] & names["held back"]
    held = names["search"] | names["held back"]
    train = {one.id for one in found.train}
    assert not train & held
    # every conversation stands there twice: no copy of one held out is trained on
    assert not {one.partition("-")[0] for one in held} & {one.partition("-")[0] for one in train}


def test_a_run_that_comes_to_no_number_is_pruned_and_kept_as_such(tmp_path: Path) -> None:
    asked = small(tmp_path)
    file = trial.put(chats(12), tmp_path / "set.pickle")
    config = configs.changed(asked.config, "optim", lr=1e20, clip=0.0)
    one = trial.Trial(
        arm="a",
        seed=0,
        budget=2000,
        config=config.as_dict(),
        train=file,
        sets=(("search", file),),
        folder=str(tmp_path),
        key="k",
        prune=True,
    )
    assert trial.run(one).sums == {} == trial.run(one).sums
    assert "NaN" not in (tmp_path / "a-0.json").read_text()


def test_nothing_to_search_is_refused_and_so_is_a_search_without_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from train.tune import search as tunes

    asked = small(tmp_path)
    with pytest.raises(ConfigError, match="nothing to search"):
        tune(replace(asked, lr="1e-3", batch=""), tmp_path / "to")
    own = default(asked.config, 600)
    with pytest.raises(DataError, match="came to a number"):
        tunes.finals([Attempt(0, 0, own, own, math.inf)], own, 0)


def test_tune_writes_a_configuration_that_fit_takes_and_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    asked = small(tmp_path)
    to = tmp_path / "tuned"
    options = ["model.vocabulary=300", "data.max_length=128", "optim.tokens_per_step=100", "optim.lr=1e-3"]
    sets = [part for option in options for part in ("--set", option)]
    given = ["tune", asked.source, "--model", str(tmp_path / "config.json"), *sets, "--to", str(to)]
    more = ["--lr", "1e-3:3e-2", "--tokens", "600", "--trials", "2", "--rungs", "1", "--seeds", "2"]
    assert train(monkeypatch, *given, *more, "--held-out", "0.3", "--workers", "2", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["attempts"]) == 2 and found["spent"] == 1200
    assert found["chosen"]["figure"]["low"] < found["chosen"]["figure"]["value"]
    assert "search at that budget" in found["budget_note"]
    best = configs.load(to / "best.toml")
    assert best.optim.tokens == 600 and best.optim.lr == found["chosen"]["point"]["lr"]
    page = (to / "tune.html").read_text("utf-8")
    assert "default-src &#39;none&#39;" in page and "that no choice was made by" in page
    finalists = found["finalists"]
    assert page.count("<circle") == len(finalists) + len(found["attempts"]), [
        one["name"] for one in finalists
    ]
    fit = ["fit", asked.source, "--config", str(to / "best.toml"), "--to", str(tmp_path / "model"), "--quiet"]
    assert train(monkeypatch, *fit) == 0
    assert json.loads((tmp_path / "model" / "train.json").read_text())["config"]["optim"]["tokens"] == 600
