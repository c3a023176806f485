"""`train monitor` from end to end: invented logs, a tiny model, history, page, alarms, exit statuses."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("polars", reason="curation needs Polars")

from typer.testing import CliRunner

from tests.train.making import sizes
from train import cli, invented
from train.cli import app
from train.errors import ConfigError, DataError, LimitBrokenError
from train.monitor import history, limits

torch.set_num_threads(1)
SECRET = "zanzibar.quux@example.com"


def ran(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A baseline run, a model trained on other logs, fresh logs alike and fresh logs that have shifted."""
    from curate import runs

    folder = tmp_path_factory.mktemp("monitor")
    logs = [invented.write(folder / f"{n}.jsonl", 160, seed=n, flaws=False) for n in range(3)]
    runs.run([str(logs[0])], str(folder / "out"))
    (folder / "config.json").write_text(json.dumps(sizes()))
    done = ran("fit", str(logs[2]), "--model", str(folder / "config.json"), "--to", str(folder / "model"),
               "--quiet", "--set", "model.vocabulary=400", "--set", "optim.steps=30", "--set", "run.threads=1",
               "--set", "optim.lr=0.01")  # fmt: skip
    assert done.exit_code == 0, done.output
    logs[1].rename(folder / "alike.jsonl")
    with (folder / "shifted.jsonl").open("w") as file:
        for number, line in enumerate((folder / "alike.jsonl").read_text().splitlines()):
            told = json.loads(line)
            told["messages"][0]["content"] += f" Write to {number}{SECRET} please, says the old woman."
            told["messages"][1]["content"] = (
                "Qzx wvk jjq pfft 9981 xk zzt! " * 4 + told["messages"][1]["content"]
            )
            file.write(json.dumps(told) + "\n")
    return folder


def watched(place: Path, logs: str, to: str, *more: str) -> Any:
    return ran("monitor", str(place / "model"), "--baseline", str(place / "out"), "--logs", str(place / logs),
               "--to", str(place / to), *more)  # fmt: skip


def test_logs_like_the_baseline_raise_no_alarm_and_are_measured_once(place: Path) -> None:
    done = watched(place, "alike.jsonl", "calm")
    assert done.exit_code == 0, (done.output, done.exception)
    assert done.output.count("\n") == 1 and "no alarm" in done.output
    before = (place / "calm" / history.NAME).read_bytes()
    line = json.loads(before)
    kinds = {one["kind"] for one in line["measures"]}
    assert {"perplexity", "bits", "length", "topic"} <= kinds
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / "renamed.jsonl").write_bytes((place / "alike.jsonl").read_bytes())
    again = watched(place, "elsewhere", "calm", "--quiet")
    assert (again.exit_code, again.output) == (0, "")
    assert (place / "calm" / history.NAME).read_bytes() == before


def test_too_few_conversations_are_told_as_such_and_are_no_alarm(place: Path) -> None:
    few = (place / "alike.jsonl").read_text().splitlines(keepends=True)[:20]
    (place / "few.jsonl").write_text("".join(few))
    done = watched(place, "few.jsonl", "few", "--no-model")
    assert done.exit_code == 0, (done.output, done.exception)
    assert re.fullmatch(
        r"\d+ fresh conversations beside \d+ of the baseline: too few to tell anything; 50 different ones are "
        r"needed on either side \('least' in a --fail-on file\)\n",
        done.output,
    )
    assert "Too few conversations to tell" in (place / "few" / history.PAGE).read_text()


def test_an_alarm_is_said_once(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["monitor", "m", "--baseline", str(place / "out"), "--logs", str(place / "shifted.jsonl")]
    for again in ("", " (seen before)"):
        monkeypatch.setattr(sys, "argv", ["train", *words, "--to", str(place / "once"), "--no-model"])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        assert left.value.code == 3 and not said.out
        assert (
            said.err.count("alarm(s)") == 1 and f"{again}; {place / 'once' / history.PAGE} names" in said.err
        )


def test_shifted_logs_raise_alarms_that_name_slice_conversations_and_command(place: Path) -> None:
    done = watched(place, "shifted.jsonl", "loud", "--json")
    assert isinstance(done.exception, LimitBrokenError)
    line = json.loads(done.stdout.strip().splitlines()[-1])
    told = {one["measure"]: one for one in line["alarms"]}
    assert {"perplexity", "bits", "length", "pii", "pii: EMAIL", "group: gender.women"} <= set(told)
    for one in told.values():
        assert one["slice"] and one["low"] is not None and one["command"].startswith("curate run ")
    listed = json.loads((place / "loud" / history.FOUND).read_text())
    assert all(one["collect"] and one["count"] >= len(one["collect"]) for one in listed)
    page = (place / "loud" / history.PAGE).read_text()
    assert "Conversations to collect: " in page and "<script" not in page and "curate why fresh/" in page
    again = watched(place, "shifted.jsonl", "loud")
    assert isinstance(again.exception, LimitBrokenError)  # an alarm stays one for who asks again


def test_the_history_holds_no_text_and_no_private_value(place: Path) -> None:
    watched(place, "shifted.jsonl", "silent", "--no-model")
    for path in (place / "silent").iterdir():  # history, page, ids to collect, lock
        told = path.read_text()
        assert SECRET not in told and "Qzx" not in told and "old woman" not in told
    line = (place / "silent" / history.NAME).read_text()
    assert "demo-" not in line and json.loads(line)["alarms"]  # nor an id of a conversation


def test_limits_of_a_file_decide_what_is_an_alarm(place: Path, tmp_path: Path) -> None:
    wide = dict.fromkeys(("perplexity", "bits", "length", "language", "topic", "toxicity", "refusal"), 99.0)
    told = "\n".join(f"{name} = {value}" for name, value in {**wide, "pii": 2, "group": 2}.items())
    (tmp_path / "limits.toml").write_text(told)
    done = watched(place, "shifted.jsonl", "wide", "--no-model", "--fail-on", str(tmp_path / "limits.toml"))
    assert done.exit_code == 0 and "no alarm" in done.output, done.output


def test_a_limit_that_is_unknown_or_not_allowed_is_named() -> None:
    with pytest.raises(ConfigError, match="did you mean 'language'"):
        limits.parse({"langage": 0.1}, "limits.toml")
    for told in ({"least": 0.5}, {"family": 1.5}, {"pii": -1}, {"bits": True}):
        with pytest.raises(ConfigError, match="is not allowed"):
            limits.parse(told, "limits.toml")


def test_perplexity_is_not_compared_on_what_the_model_learned_from(place: Path) -> None:
    run = place / "model" / "train.json"
    before = run.read_text()
    told = json.loads(before)
    told["config"]["data"]["source"] = str(place / "out")
    run.write_text(json.dumps(told))
    try:
        done = watched(place, "alike.jsonl", "learned", "--json")
    finally:
        run.write_text(before)
    line = json.loads(done.stdout.strip().splitlines()[-1])
    assert "learned from this baseline" in line["note"]
    assert not {"perplexity", "bits"} & {one["kind"] for one in line["measures"]}


def test_two_at_a_time_are_refused(place: Path) -> None:
    with history.locked(place / "held"):
        done = watched(place, "alike.jsonl", "held", "--no-model")
    assert isinstance(done.exception, ConfigError) and "another 'train monitor'" in str(done.exception)


def test_what_is_missing_is_named(place: Path, tmp_path: Path) -> None:
    done = watched(place, "absent.jsonl", "none", "--no-model")
    assert isinstance(done.exception, DataError) and "absent.jsonl" in str(done.exception)
    done = ran("monitor", "m", "--baseline", str(tmp_path), "--logs", str(place / "alike.jsonl"),
               "--to", str(tmp_path / "h"), "--no-model")  # fmt: skip
    assert isinstance(done.exception, DataError) and "curate run" in str(done.exception)


def test_a_baseline_without_redaction_is_refused_before_fresh_logs_are_written(place: Path) -> None:
    from curate import runs

    (place / "bare.toml").write_text('name = "bare"\n[[pass]]\nuse = "language"\n')
    runs.run([str(place / "0.jsonl")], str(place / "bare"), str(place / "bare.toml"))
    done = ran("monitor", "m", "--baseline", str(place / "bare"), "--logs", str(place / "alike.jsonl"),
               "--to", str(place / "bare-history"), "--no-model")  # fmt: skip
    assert isinstance(done.exception, ConfigError) and "redact_pii" in str(done.exception)
