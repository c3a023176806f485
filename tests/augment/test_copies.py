"""The verb's work on a run: a new set with copies, the run untouched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import curate
from curate.augment.copies import augment
from curate.errors import InputError, TamisError
from curate.verify import verify

ROOT = Path(__file__).parents[2]
CHATS: dict[str, list[str]] = {
    "swap": ["My sister lost the card that I ordered for our trip.", "Your sister can block it in the app."],
    "fact": [
        "She is pregnant and needs a seat near the door.",
        "We keep one for you at the front of the train.",
    ],
    "nothing": [
        "Where is my parcel, it was due yesterday?",
        "It is at the depot and comes tomorrow morning.",
    ],
    "other": [
        "He never answers the phone when I call the shop.",
        "He answers mails, please write to the shop.",
    ],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> curate.Run:
    folder = tmp_path_factory.mktemp("augment")
    lines = [
        {
            "conversation_id": name,
            "messages": [{"role": "user", "content": a}, {"role": "assistant", "content": b}],
        }
        for name, (a, b) in CHATS.items()
    ]
    call = {"id": "1", "type": "function", "function": {"name": "find", "arguments": '{"who": "my sister"}'}}
    asked: list[dict[str, Any]] = [
        {"role": "user", "content": "When does my sister arrive at the station tonight?"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "21:10", "tool_call_id": "1"},
        {"role": "assistant", "content": "She arrives at ten past nine, at platform two."},
    ]
    lines.append({"conversation_id": "tool", "messages": asked})
    (folder / "logs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return curate.run(folder / "logs.jsonl", folder / "out", workers=1)


def read(folder: Path) -> pl.DataFrame:
    return pl.read_parquet(folder / "curated" / "*.parquet")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_copies_stand_beside_the_originals_and_the_run_is_untouched(run: curate.Run, tmp_path: Path) -> None:
    before = contents(Path(run.out))
    done = augment(run.out, str(tmp_path / "new"))
    assert contents(Path(run.out)) == before
    assert verify(run.out) == []
    table, source = read(tmp_path / "new"), read(Path(run.out))
    originals = table.filter(pl.col("augmented_from").is_null()).drop("augmented_from")
    assert originals.equals(source)
    copies = {row["augmented_from"]: row for row in table.drop_nulls("augmented_from").iter_rows(named=True)}
    assert set(copies) == {"swap", "other"}
    assert [one["content"] for one in copies["swap"]["messages"]] == [
        text.replace("sister", "brother") for text in CHATS["swap"]
    ]
    assert copies["swap"]["conversation_id"] == "swap~gender"
    assert copies["swap"]["toxicity"] is None
    assert dict(done.left_out) == {"fact": 1, "nothing": 1, "tool": 1}
    told = json.loads((tmp_path / "new" / "manifest.json").read_text())
    assert told["counts"]["copies"] == 2
    assert "| a tool call names a gender (`tool`) | 1 |" in (tmp_path / "new" / "README.md").read_text()


def test_the_same_options_give_the_same_bytes(run: curate.Run, tmp_path: Path) -> None:
    for name in ("a", "b"):
        augment(run.out, str(tmp_path / name), share=0.5, seed=3)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_only_writes_copies_alone(run: curate.Run, tmp_path: Path) -> None:
    augment(run.out, str(tmp_path / "new"), only=True)
    assert read(tmp_path / "new")["augmented_from"].to_list() == ["swap", "other"]


def test_a_share_draws_among_those_that_can_be_swapped(run: curate.Run, tmp_path: Path) -> None:
    made = [augment(run.out, str(tmp_path / str(n)), share=0.5, seed=n) for n in range(12)]
    assert all(one.copies + one.spared == 2 for one in made)
    assert {one.copies for one in made} >= {0, 1} or {one.copies for one in made} >= {1, 2}


def test_other_axes_shares_and_full_folders_are_refused(run: curate.Run, tmp_path: Path) -> None:
    with pytest.raises(TamisError, match="unknown axis 'age' in --axis; allowed: gender"):
        augment(run.out, str(tmp_path / "x"), axis="age")
    with pytest.raises(TamisError, match="--share 0 is no share"):
        augment(run.out, str(tmp_path / "x"), share=0)
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(TamisError, match="is not empty; give a new folder"):
        augment(run.out, str(tmp_path))
    assert not (tmp_path / "x").exists()


def test_an_augmented_set_is_told_from_a_run(run: curate.Run, tmp_path: Path) -> None:
    augment(run.out, str(tmp_path / "new"))
    with pytest.raises(InputError, match="holds an augmented set, no run"):
        augment(str(tmp_path / "new"), str(tmp_path / "again"))


def test_training_reads_the_set_and_splits_it_with_its_originals(run: curate.Run, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="training reads Parquet with pyarrow")
    from train import arms, leak, records
    from train.split import clusters, conversations, split

    augment(run.out, str(tmp_path / "new"))
    told = list(records.read(tmp_path / "new"))
    assert len(told) == 7
    table = conversations(tmp_path / "new")
    number = dict(zip((row["conversation_id"] for row in table), clusters(table, []), strict=True))
    assert number["swap~gender"] == number["swap"] != number["other"] == number["other~gender"]
    for seed in range(4):
        away = split(run.out, share=0.3, seed=seed).away  # the run's own split knows no copies
        trained = arms.without(told, away)
        assert not {one.measures["augmented_from"] or one.id for one in trained} & away
    originals = [one for one in told if "~" not in one.id]
    found, _ = leak.leaks([one for one in told if "~" in one.id], originals, tmp_path / "new")
    assert {(one.trained, one.evaluated) for one in found} >= {("swap~gender", "swap")}


def test_load_dataset_gives_the_set(run: curate.Run, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    augment(run.out, str(tmp_path / "new"))
    loaded = datasets.load_dataset(str(tmp_path / "new"), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.num_rows == 7
    assert loaded.filter(lambda row: row["augmented_from"] is not None).num_rows == 2
