"""The command line: light help, statuses, and no message text where nobody sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs torch")

from tests.train.making import chats, sizes
from train import cli
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
