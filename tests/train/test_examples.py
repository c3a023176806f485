"""The example that stands under the help of every verb runs as it is written, in small."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from typer.testing import CliRunner

from tests.train.making import sizes
from train import prove as proofs
from train.cli import app

torch.set_num_threads(1)

SMALL = ["--set", "model.vocabulary=400", "--set", "optim.steps=2", "--set", "run.threads=1"]
MORE = {
    "fit": SMALL,
    "resume": [],
    "tokens": ["--set", "model.vocabulary=400"],
    "eval": ["--limit", "10"],
    "export": [],
    "settings": [],
    "tune": [
        "--trials",
        "1",
        "--rungs",
        "1",
        "--seeds",
        "2",
        "--tokens",
        "300",
        "--workers",
        "1",
        *SMALL[:2],
    ],
    "duel": ["--count", "3", "--most", "5"],
    "monitor": [],
    "prove": ["--controls", "random", "--tokens", "300", "--held-out", "0.3", "--workers", "1", *SMALL[:2]],
}
"""What is added to an example so that it is quick; the rest is as written."""


def ran(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


def example(verb: str) -> list[str]:
    """The words of a verb's example."""
    told = " ".join(ran(verb, "--help").output.split())
    found = re.search(r"Example: train (.+)$", told)
    assert found, told
    return shlex.split(found.group(1))


@pytest.fixture(scope="module")
def place(out: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what examples speak of: out/, logs.jsonl, config.json, model/."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "out").symlink_to(out)
    (folder / "logs.jsonl").symlink_to(out.parent / "logs.jsonl")
    (folder / "base").symlink_to(folder / "model")
    (folder / "config.json").write_text(json.dumps(sizes()))
    done = ran("fit", str(folder / "out"), "--model", str(folder / "config.json"), "--to",
               str(folder / "model"), "--quiet", *SMALL)  # fmt: skip
    assert done.exit_code == 0, done.output
    return folder


@pytest.mark.parametrize("verb", sorted(MORE))
def test_the_example_of_a_verb_runs(verb: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    words = example(verb)
    assert words[0] == verb
    if verb == "fit":
        shutil.rmtree(place / "model")
    more = [*MORE[verb], "--model", "config.json"] if verb == "prove" else MORE[verb]
    done = ran(*words, *more)
    assert done.exit_code == 0, (done.output, done.exception)
    if verb == "prove":
        assert (place / "proof" / "prove.html").exists() and (place / "proof" / "prove.json").exists()
        assert "Is what was kept better to learn from" in " ".join(done.output.split())


def test_the_demos_example_is_the_demo_alone() -> None:
    assert example("demo") == ["demo"]  # test_demo.py runs it in small


def test_prove_says_what_it_cannot_use_before_it_reads(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setattr(proofs, "split", None)  # never reached
    done = ran("prove", "out/", "--seeds", "2", "--model", "config.json")
    assert done.exit_code != 0 and "fewer than three" in str(done.exception)
