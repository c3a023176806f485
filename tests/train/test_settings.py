"""`train settings` lists what may be set; the README's config.json is one that trains."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from train.cli import app
from train.config import Config, with_sets
from train.errors import ConfigError
from train.settings import sections

ROOT = Path(__file__).parents[2]


def ran(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


def test_every_option_is_listed_with_its_default_and_a_meaning() -> None:
    told = {one.key: one for part in sections() for one in part.settings}
    own = Config()
    assert set(told) == {
        f"{part.name}.{one.name}" for part in fields(own) for one in fields(getattr(own, part.name))
    }
    assert all(one.meaning.endswith(".") for one in told.values()), [
        one.key for one in told.values() if not one.meaning.endswith(".")
    ]
    assert all(part.about for part in sections())


def test_a_listed_default_set_by_hand_changes_nothing() -> None:
    sets = [f"{one.key}={one.default}" for part in sections() for one in part.settings]
    assert with_sets(Config(), sets) == Config()


def test_one_section_can_be_asked_for_and_an_unknown_one_is_named() -> None:
    done = ran("settings", "lora")
    assert done.exit_code == 0 and "lora.rank" in done.output and "optim.warmup" not in done.output
    wrong = ran("settings", "optin")
    assert isinstance(wrong.exception, ConfigError) and "did you mean 'optim'?" in str(wrong.exception)


def test_the_help_of_set_says_where_options_are_listed() -> None:
    for verb in ("fit", "tokens", "prove", "tune"):
        assert "'train settings' lists them all" in " ".join(ran(verb, "--help").output.split())


def test_the_readmes_config_json_trains_without_a_tokenizer(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    found = re.search(r"```json\n(.+?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert found
    (tmp_path / "config.json").write_text(found.group(1))
    said = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hello, how can I help?"}]
    (tmp_path / "set.jsonl").write_text(json.dumps({"conversation_id": "a", "messages": said}))
    done = ran(
        "fit", str(tmp_path / "set.jsonl"), "--model", str(tmp_path / "config.json"), "--to", str(tmp_path / "model"),
        "--quiet", "--json", "--set", "optim.steps=1", "--set", "run.threads=1", "--set", "model.vocabulary=300",
        "--set", "optim.tokens_per_step=10",
    )  # fmt: skip
    assert done.exit_code == 0, (done.output, done.exception)
    assert json.loads(done.output)["steps"] == 1


def test_a_missing_config_json_is_answered_with_one_to_write(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    (tmp_path / "set.jsonl").write_text("{}")
    done = ran("fit", str(tmp_path / "set.jsonl"), "--model", str(tmp_path / "config.json"))
    assert isinstance(done.exception, ConfigError)
    example = re.search(r"for example (\{.+\}), or name a model's folder", str(done.exception))
    assert example and json.loads(example.group(1))["model_type"] == "llama"
    assert "config.json of sizes alone" in " ".join(ran("fit", "--help").output.split())
