"""The corpus maker plants what it says, nothing else, and the same again for the same seed."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.corpus_flaws import KINDS, PLANTERS
from benchmarks.corpus_plant import TRUTH, jaccard, shingles
from benchmarks.corpus_private import PRIVATE
from benchmarks.corpus_text import conversations, load_grammar
from benchmarks.corpus_write import FORMATS
from benchmarks.make_corpus import make

COUNT = 1500
Said = dict[str, list[tuple[str, str]]]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("corpus") / "made"
    make(COUNT, 7, out, flaws=3.0)
    return out


@pytest.fixture(scope="module")
def truth(corpus: Path) -> pl.DataFrame:
    return pl.read_parquet(corpus / "truth" / "*.parquet")


@pytest.fixture(scope="module")
def said(corpus: Path) -> Said:
    """Every readable conversation, read by plain Python."""
    return read_logs(corpus / "logs")


def read_logs(logs: Path) -> Said:
    found: Said = {}
    for line in (logs / "openai.jsonl").read_text(encoding="utf-8").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        found[record["id"]] = [(one["role"], one["content"]) for one in record["messages"]]
    roles = {"human": "user", "gpt": "assistant"}
    for record in json.loads((logs / "sharegpt.json").read_text(encoding="utf-8")):
        turns = record["conversations"]
        found[record["id"]] = [(roles.get(one["from"], one["from"]), one["value"]) for one in turns]
    for line in (logs / "transcripts.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        turns = record["transcript"].replace("\n\nAssistant: ", "\0assistant\1")
        turns = turns.replace("\n\nHuman: ", "\0user\1").removeprefix("\0")
        found[record["id"]] = [(turn.split("\1")[0], turn.split("\1")[1]) for turn in turns.split("\0")]
    with (logs / "rows.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["conversation_id"], []).append((row["role"], row["text"]))
    for path in logs.glob("*.parquet"):
        for record in pl.read_parquet(path).to_dicts():
            found[record["id"]] = [(one["role"], one["content"]) for one in record["messages"]]
    return found


def test_every_conversation_is_written_once(said: Said, truth: pl.DataFrame) -> None:
    cut = truth.filter(pl.col("flaw") == "cut_line").height
    assert len(said) == COUNT - cut
    assert all(turns for turns in said.values())


def test_every_kind_of_flaw_is_planted(truth: pl.DataFrame) -> None:
    common = {name for name, kind in KINDS.items() if kind.share >= 0.002}
    assert common <= set(truth["flaw"])
    assert truth.select(TRUTH.names()).schema == TRUTH
    assert truth["conversation"].is_unique().all()


def test_truth_names_the_message_that_was_spoilt(said: Said, truth: pl.DataFrame) -> None:
    told = truth.filter(pl.col("flaw").is_in(list(PLANTERS)))
    for row in told.iter_rows(named=True):
        role, text = said[f"c{row['conversation']:09d}"][row["turn"]]
        assert role == KINDS[row["flaw"]].side
        if row["value"] is not None and row["flaw"] != "hidden_instruction":
            assert row["value"] in text
        if row["clean"] is not None:
            assert text != row["clean"]


def test_record_leads_to_the_conversation(corpus: Path, truth: pl.DataFrame) -> None:
    lines = (corpus / "logs" / "openai.jsonl").read_text(encoding="utf-8").splitlines()
    rows = list(csv.reader((corpus / "logs" / "rows.csv").open(encoding="utf-8", newline="")))
    for row in truth.iter_rows(named=True):
        name = f"c{row['conversation']:09d}"
        if row["file"] == "openai.jsonl":
            assert name in lines[row["record"] - 1]
        if row["file"] == "rows.csv":
            assert rows[row["record"] - 1][0] == name  # row 1 is the headline
            if row["turn"] is not None:
                assert rows[row["record"] - row["turn"] - 2][0] != name


def without_system(turns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [turn for turn in turns if turn[0] != "system"]


def test_exact_duplicates_say_the_same_as_their_twin(said: Said, truth: pl.DataFrame) -> None:
    told = truth.filter((pl.col("flaw") == "exact_duplicate") & pl.col("twin").is_not_null())
    assert told.height > 20
    for copy, twin in told.select("conversation", "twin").iter_rows():
        assert twin < copy
        assert without_system(said[f"c{copy:09d}"]) == without_system(said[f"c{twin:09d}"])


def test_jaccard_of_near_duplicates_is_what_the_files_say(said: Said, truth: pl.DataFrame) -> None:
    told = truth.filter(pl.col("flaw") == "near_duplicate").drop_nulls("twin")
    assert told.height > 30
    for row in told.iter_rows(named=True):
        pair = said[f"c{row['conversation']:09d}"], said[f"c{row['twin']:09d}"]
        for side in ("user", "assistant"):
            one, other = ([text for role, text in turns if role == side] for turns in pair)
            assert jaccard(one, other) == row[f"jaccard_{side}"]
    both = told.select(pl.min_horizontal("jaccard_user", "jaccard_assistant")).to_series()
    for low, high in ((0.4, 0.6), (0.6, 0.8), (0.8, 0.9), (0.9, 1.0)):
        assert both.is_between(low, high).any(), f"no pair between {low} and {high}"


def test_conversations_not_planted_as_duplicates_are_far_apart() -> None:
    """All pairs of 800 flawless conversations, by exact Jaccard of both sides."""
    chunk = conversations(load_grammar(), 800, True, np.random.default_rng(3))
    near = np.ones((800, 800))
    for side in ("user", "assistant"):
        texts = chunk.messages.filter(pl.col("role") == side).group_by("conversation", maintain_order=True)
        sets = [shingles(part) for part in texts.agg("text")["text"].to_list()]
        words = {word: place for place, word in enumerate(sorted(set().union(*sets)))}
        has = np.zeros((800, len(words)), np.float32)
        for place, one in enumerate(sets):
            has[place, [words[word] for word in one]] = 1
        shared = has @ has.T
        size = has.sum(axis=1)
        near = np.minimum(near, shared / (size[:, None] + size[None, :] - shared))
    np.fill_diagonal(near, 0)
    assert near.max() < 0.5


def test_same_seed_gives_the_same_files_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        make(200, seed, tmp_path / name)
    one, again, other = (
        {path.name: path.read_bytes() for path in (tmp_path / name / "logs").iterdir()}
        for name in ("one", "again", "other")
    )
    assert one == again
    assert one != other


def test_no_flaws_are_planted_where_none_are_asked(tmp_path: Path) -> None:
    assert not make(120, 5, tmp_path / "clean", flaws=0)


def test_a_chunk_is_written_in_each_format_even_when_few_are_asked(corpus: Path) -> None:
    assert len(list((corpus / "logs").iterdir())) == len(FORMATS)


@pytest.mark.parametrize(
    ("formats", "flaws", "said"),
    [(("opneai",), 1.0, "unknown format 'opneai'; allowed: openai"), (("openai",), 9.0, "at most 100%")],
)
def test_what_cannot_be_made_is_said(
    formats: tuple[str, ...], flaws: float, said: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=said):
        make(10, 1, tmp_path / "x", formats, flaws)


def test_a_folder_that_holds_a_corpus_is_left_alone(corpus: Path) -> None:
    with pytest.raises(ValueError, match="already holds a corpus"):
        make(10, 1, corpus)


def test_private_values_have_right_checksums_and_belong_to_nobody() -> None:
    from stdnum import iban, luhn
    from stdnum.fr import nir

    rng = random.Random(11)
    drawn = {name: [maker(rng) for _ in range(200)] for name, (_, maker) in PRIVATE.items()}
    assert all(iban.is_valid(value) for value in drawn["iban"])
    assert all(nir.is_valid(value) for value in drawn["nir"])
    assert all(luhn.is_valid(value.replace(" ", "")) for value in drawn["card"])
    assert all("@example." in value for value in drawn["email"])
    assert all("555-01" in value for value in drawn["phone_us"])
    digits = ["".join(filter(str.isdigit, value)) for value in drawn["phone_fr"]]
    assert all(number.removeprefix("33").lstrip("0").startswith(("19900", "63998")) for number in digits)
