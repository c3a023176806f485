"""Detoxify's models: scores as its own `predict` gives, an offline folder, no code run, errors with a next step."""

from __future__ import annotations

import importlib.util
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from curate.errors import RecipeError
from curate.passes.toxicity import Toxicity
from curate.schema import messages
from curate.toxicity.detoxify import batches, find_checkpoint, load_detoxify
from curate.toxicity.scorers import DETOXIFY_MODELS

HERE = Path(__file__).parent
installed = all(importlib.util.find_spec(name) for name in ("torch", "transformers", "detoxify"))
needs_detoxify = pytest.mark.skipif(not installed, reason="needs tamis[toxicity]")
CLASSES = ("toxic", "severe_toxic", "insult")


def write(folder: Path, **given: object) -> Path:
    sys.path.insert(0, str(HERE))
    from synthetic import write_checkpoint

    return write_checkpoint(folder, CLASSES, outputs=4, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("model")
    write(made)
    return made


TEXTS = [
    "you idiot",
    "hello",
    "thank you for it " * 40,
    "",
    "what",
    " \n",
    "idiot " * 900,
    "a b",
    "you are it .",
]


@needs_detoxify
def test_scores_equal_those_of_detoxify_itself(folder: Path) -> None:
    import detoxify

    theirs = detoxify.Detoxify("original", checkpoint=str(folder / "model.ckpt"))
    ours = load_detoxify("original", str(folder), "fp32").score(pl.Series(TEXTS))
    assert list(ours) == ["toxicity", "toxicity_severe", "toxicity_insult"]
    for row, text in enumerate(TEXTS):
        expected = theirs.predict(text) if text.strip() else dict.fromkeys(theirs.class_names, 0.0)
        for column, name in zip(ours, ("toxicity", "severe_toxicity", "insult"), strict=True):
            assert abs(ours[column][row] - expected[name]) < 1e-3
    assert np.ptp(ours["toxicity"][[0, 1, 2, 4]]) > 0.05, (
        "a model that tells texts apart, else this proves nothing"
    )


@needs_detoxify
def test_scores_do_not_depend_on_the_batch(folder: Path) -> None:
    scorer = load_detoxify("original", str(folder), "fp32")
    together = scorer.score(pl.Series(TEXTS * 30))["toxicity"][: len(TEXTS)]
    alone = [scorer.score(pl.Series([text]))["toxicity"][0] for text in TEXTS]
    assert np.abs(together - alone).max() < 1e-3


@needs_detoxify
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("precision", ["bf16", "int8", "auto"])
def test_lower_precision_gives_nearly_the_same(folder: Path, precision: str) -> None:
    exact = load_detoxify("original", str(folder), "fp32").score(pl.Series(TEXTS))["toxicity"]
    rough = load_detoxify("original", str(folder), precision).score(pl.Series(TEXTS))["toxicity"]
    assert np.abs(exact - rough).max() < 0.1


@needs_detoxify
def test_the_pass_adds_a_column_for_each_class_also_of_no_rows(folder: Path) -> None:
    one = Toxicity(model="detoxify:original", folder=str(folder))
    assert one.dear
    chat = messages(
        {"conversation_id": ["a"] * 3, "role": ["user"] * 3, "text": ["you idiot", "", "you idiot"]}
    )
    measured = one.measure(chat)
    assert measured.columns == ["toxicity", "toxicity_severe", "toxicity_insult"]
    assert measured["toxicity"][0] == measured["toxicity"][2] > 0.0
    assert measured["toxicity"][1] == 0.0
    assert one.measure(chat.head(0)).schema == measured.schema
    assert one.describe()["name"] == "detoxify:original"
    assert len(one.describe()["sha256"]) == 64


@needs_detoxify
def test_the_names_are_those_of_detoxifys_registry() -> None:
    from detoxify.detoxify import MODEL_URLS

    assert set(DETOXIFY_MODELS) == set(MODEL_URLS)


@needs_detoxify
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_checkpoint_that_holds_code_is_refused_and_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "ran",))  # type: ignore[return-value]

    write(tmp_path)
    (tmp_path / "model.ckpt").write_bytes(pickle.dumps({"config": Trap(), "state_dict": {}}))
    with pytest.raises(RecipeError, match="no checkpoint of detoxify"):
        load_detoxify("original", str(tmp_path), "fp32")
    assert not (tmp_path / "ran").exists()


@needs_detoxify
def test_a_checkpoint_that_lacks_weights_is_refused(tmp_path: Path) -> None:
    write(tmp_path, without="classifier.weight")
    with pytest.raises(RecipeError, match="lacks 1 weights"):
        load_detoxify("original", str(tmp_path), "fp32")


@needs_detoxify
def test_a_folder_without_config_says_what_it_must_hold(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(RecipeError, match=r"config\.json and the tokenizer's files"):
        load_detoxify("original", str(tmp_path), "fp32")


def test_the_checkpoint_is_the_released_one_or_the_only_one(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no file"):
        find_checkpoint(str(tmp_path), "released.ckpt")
    (tmp_path / "mine.ckpt").touch()
    assert find_checkpoint(str(tmp_path), "released.ckpt").name == "mine.ckpt"
    (tmp_path / "other.ckpt").touch()
    with pytest.raises(RecipeError, match=r"2 files \*.ckpt, none of them released.ckpt"):
        find_checkpoint(str(tmp_path), "released.ckpt")
    (tmp_path / "released.ckpt").touch()
    assert find_checkpoint(str(tmp_path), "released.ckpt").name == "released.ckpt"


def test_without_the_package_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "detoxify", None)
    monkeypatch.setitem(sys.modules, "detoxify.detoxify", None)
    with pytest.raises(RecipeError, match=r"pip install 'tamis\[toxicity\]'"):
        load_detoxify("original", "", "fp32")


def test_every_text_is_in_one_batch_within_the_budget() -> None:
    lengths = [3, 500, 1, 7, 7, 2000, 0]
    made = list(batches(lengths, budget=1000))
    assert sorted(row for batch in made for row in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= 1000 for batch in made)


def test_the_passes_import_no_torch() -> None:
    lines = "import sys, curate.passes.toxicity, curate.toxicity.detoxify; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", lines], check=False).returncode == 0
