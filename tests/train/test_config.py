"""Options: strict keys and types, one hash, changes from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from train.config import Config, changed, from_dict, load, with_sets
from train.errors import ConfigError

WRONG = [
    ({"optm": {}}, "did you mean 'optim'"),
    ({"optim": {"lrr": 1.0}}, "did you mean 'optim.lr'"),
    ({"optim": {"lr": "fast"}}, "optim.lr in fit.toml is str; give float"),
    ({"optim": {"steps": True}}, "optim.steps in fit.toml is bool; give int"),
    ({"optim": {"lr": 0.0}}, "above 0"),
    ({"optim": {"warmup": 2.0}}, "share from 0 to 1"),
    ({"optim": {"betas": [0.9]}}, "two shares"),
    ({"data": {"overlong": "cut"}}, "allowed: drop, error, split"),
    ({"lora": {"quantize": True}}, "lora.rank"),
    ({"lora": {"targets": "all"}}, "give list of str"),
    ({"run": 3}, r"write \[run\]"),
]


@pytest.mark.parametrize(("told", "sentence"), WRONG)
def test_a_wrong_option_is_said_with_what_is_allowed(told: dict, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        from_dict(told, "fit.toml")


def test_a_configuration_goes_through_plain_dictionaries_and_back() -> None:
    config = with_sets(
        Config(), ["lora.rank=8", 'lora.targets=["q_proj"]', "optim.lr=3e-4", "model.source=gpt2"]
    )
    assert from_dict(config.as_dict(), "x") == config


def test_the_hash_moves_with_what_shapes_the_weights_and_only_with_that() -> None:
    base = Config()
    assert changed(base, "run", keep=5, threads=1, save_every=3).hash() == base.hash()
    for section, values in (
        ("optim", {"lr": 1.0}),
        ("run", {"seed": 1}),
        ("data", {"max_length": 8}),
        ("run", {"rows": 2}),
    ):
        assert changed(base, section, **values).hash() != base.hash()


def test_a_file_is_read_and_a_broken_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "fit.toml").write_text("[optim]\nlr = 1e-3\n[data]\nmax_length = 128\n")
    assert load(tmp_path / "fit.toml").data.max_length == 128
    (tmp_path / "broken.toml").write_text("[optim\n")
    for name in ("broken.toml", "absent.toml"):
        with pytest.raises(ConfigError, match=name):
            load(tmp_path / name)


@pytest.mark.parametrize("given", ["lr=1", "optim.lr", ""])
def test_a_change_that_is_not_section_key_value_is_refused(given: str) -> None:
    with pytest.raises(ConfigError, match="SECTION"):
        with_sets(Config(), [given])
