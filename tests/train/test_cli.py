"""The command line: light help, statuses, and no message text where nobody sees it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs torch")

from tests.train.making import chats, sizes
from train import cli, terminal
from train import fit as fits
from train.records import Conversation, conversation


def written(folder: Path, talked: list[Conversation]) -> list[str]:
    rows = [
        {
            "conversation_id": one.id,
            "messages": [{"role": m.role, "content": m.content} for m in one.messages],
        }
        for one in talked
    ]
    (folder / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "config.json").write_text(json.dumps(sizes()))
    options = ["model.vocabulary=300", "data.max_length=256", "optim.tokens_per_step=200", "run.threads=1"]
    sets = [part for option in options for part in ("--set", option)]
    return [str(folder / "set.jsonl"), "--model", str(folder / "config.json"), *sets]


def train(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["train", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return int(left.value.code or 0)


def test_help_needs_neither_torch_nor_transformers_nor_polars() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from train.cli import app; "
        "r = CliRunner().invoke(app, ['fit', '--help']); assert r.exit_code == 0 and 'Example' in r.output; "
        "print(sorted({'torch', 'transformers', 'polars', 'pyarrow', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "[]"


def test_fit_export_and_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    given = written(tmp_path, chats(12))
    assert train(monkeypatch, "fit", *given, "--to", str(tmp_path / "run"), "--json") == 0
    told = capsys.readouterr()
    result = json.loads(told.out)
    assert result["steps"] > 0 and result["accounting"]["lost"] == 0
    assert "train export" in told.err.replace("\n", " ")
    assert train(monkeypatch, "resume", str(tmp_path / "run"), "--quiet") == 0
    assert train(monkeypatch, "export", str(tmp_path / "run"), "--to", str(tmp_path / "out")) == 0
    assert (tmp_path / "out" / "README.md").exists()


def test_fit_forecasts_without_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    given = written(tmp_path, chats(12))
    assert train(monkeypatch, "fit", *given, "--to", str(tmp_path / "run"), "--forecast") == 0
    assert "Memory, estimated" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_tokens_shows_no_text_where_nobody_watches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    given = written(tmp_path, [conversation("c1", [("user", "secret words"), ("assistant", "more secrets")])])
    assert train(monkeypatch, "tokens", *given) == 0
    told = capsys.readouterr()
    assert "secret" not in told.out + told.err
    assert "text, learned" in told.out and "rendered" in told.out
    assert train(monkeypatch, "tokens", *given, "--show-text") == 0
    assert "more secrets" in capsys.readouterr().out


def test_tokens_counts_as_json_and_breaks_the_limit_with_status_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    given = written(tmp_path, [conversation("c1", [("user", "a"), ("assistant", "the fox " * 300)])])
    assert train(monkeypatch, "tokens", *given, "--json") == 3
    told = capsys.readouterr()
    counted = json.loads(told.out)
    assert (
        counted["rendered"]
        == counted["trained"] + counted["masked"] + counted["truncated"] + counted["dropped"]
    )
    assert "data.max_length" in told.err


def test_fit_stops_with_status_3_before_it_loses_assistant_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    given = written(tmp_path, [conversation("c1", [("user", "a"), ("assistant", "the fox " * 300)])])
    assert train(monkeypatch, "fit", *given, "--to", str(tmp_path / "run")) == 3
    assert "data.lost_limit" in capsys.readouterr().err
    assert not (tmp_path / "run" / "model.safetensors").exists()


WRONG = [
    (["fit", "SET", "--model", "CONFIG", "--set", "optim.lrr=1"], "did you mean 'optim.lr'"),
    (["fit", "nowhere", "--model", "CONFIG"], "curate run"),
    (["fit", "SET"], "--model"),
    (["resume", "nowhere"], "train fit"),
    (["export", "nowhere"], "train fit"),
    (["tokens", "SET", "--model", "CONFIG", "--conversation", "zzz"], "no conversation 'zzz'"),
]


@pytest.mark.parametrize(("arguments", "sentence"), WRONG)
def test_a_mistake_is_one_sentence_and_status_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, arguments: list[str], sentence: str
) -> None:
    given = written(tmp_path, chats(3))
    filled = [{"SET": given[0], "CONFIG": given[2]}.get(one, one) for one in arguments]
    monkeypatch.chdir(tmp_path)
    assert train(monkeypatch, *filled) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("train: ") and sentence in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["fitt"], "no such command 'fitt'; did you mean 'fit'? 'train --help' tells more"),
        (["foo"], "no such command 'foo'; 'train --help' tells more"),
        (["fit", "out", "--modle", "x"], "no option '--modle' in 'train fit'; did you mean '--model'?"),
        (["monitor", "m", "--logs", "x"], "missing option '--baseline' (the run to compare with); "),
        (["fit"], "for example: train fit out/ --model config.json"),
        (["eval", "m", "out", "--limit", "few"], "invalid value for '--limit': "),
    ],
)
def test_a_wrong_command_line_is_one_sentence_with_the_nearest_right_word(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, arguments: list[str], sentence: str
) -> None:
    assert train(monkeypatch, *arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("train: ") and said.count("\n") == 1 and sentence in said


def test_train_alone_shows_its_help(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    train(monkeypatch)
    told = capsys.readouterr()
    assert "Usage: train" in told.out + told.err and "train: " not in told.err


def test_a_defect_is_told_by_its_place_without_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    given = written(tmp_path, [conversation("c1", [("user", "a"), ("assistant", "b")])])

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the words of somebody")

    monkeypatch.setattr(fits, "prepare", broken)
    assert train(monkeypatch, "fit", *given, "--to", str(tmp_path / "run")) == 1
    said = capsys.readouterr().err
    assert "a defect of Tamis: RuntimeError in train/" in said and "somebody" not in said
    monkeypatch.setenv("TAMIS_TRACEBACK", "1")
    monkeypatch.setattr(sys, "argv", ["train", "fit", *given, "--to", str(tmp_path / "run")])
    with pytest.raises(RuntimeError, match="the words of somebody"):
        cli.main()


@pytest.mark.parametrize(("every", "start"), [(0, "the first step"), (2, "step 4")])
def test_ctrl_c_says_from_where_resume_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, every: int, start: str
) -> None:
    given = written(tmp_path, chats(12))

    def interrupt(bar: terminal.Bar, step: Any, state: Any, run: Any) -> None:
        if state.step == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(terminal.Bar, "step", interrupt)
    more = ["--set", f"run.save_every={every}", "--set", "optim.epochs=20"]
    assert train(monkeypatch, "fit", *given, *more, "--to", str(tmp_path / "run")) == 130
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith(f"train: stopped; 'train resume {tmp_path / 'run'}' goes on from {start}")
    assert ("run.save_every" in said) == (every == 0)


def test_ctrl_c_before_the_first_step_says_that_nothing_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    given = written(tmp_path, chats(12))

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fits, "prepare", interrupted)
    assert train(monkeypatch, "fit", *given, "--to", str(tmp_path / "run")) == 130
    assert "stopped before the first step; nothing was written" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("verb", "goes_on"), [("demo", False), ("prove", True)])
def test_ctrl_c_says_whether_the_same_command_goes_on(
    verb: str, goes_on: bool, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("train.demo.demo", interrupted)
    monkeypatch.setattr("train.proving.run", interrupted)
    assert train(monkeypatch, *([verb, "out"] if verb == "prove" else [verb])) == 130
    said = capsys.readouterr().err.strip()
    assert said == "train: stopped" + ("; the same command goes on from there" if goes_on else "")


def test_ctrl_c_does_not_wait_for_trials_that_are_under_way(tmp_path: Path) -> None:
    pytest.importorskip("polars", reason="its handler of Ctrl-C is what a wait must not rely on")
    os.mkfifo(tmp_path / "never")  # a trial that reads it never ends
    code = (
        "import sys, polars; polars.LazyFrame({'a': [1]}).collect()\n"
        "from train import trial\nfrom train.config import Config\n"
        "made = [trial.Trial(arm='a', seed=n, budget=9, config=Config().as_dict(), train=sys.argv[1] + '/never', "
        "sets=(), folder=sys.argv[1], key='k') for n in range(3)]\n"
        "print('begun', flush=True)\nlist(trial.run_all(made, 2))"
    )
    going = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert going.stdout is not None and going.stdout.readline() == "begun\n"
    time.sleep(2)
    going.send_signal(signal.SIGINT)
    _, said = going.communicate(timeout=60)
    assert said.strip().endswith("KeyboardInterrupt")


def test_importing_the_command_line_imports_nothing_heavy() -> None:
    code = (
        "import sys, train.cli; print([m for m in ('torch', 'transformers', 'polars') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "[]"
