"""Limits by group: which one a message gets, how they are found, and the recipe they are written into."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import curate
from curate.calibration import calibrated, write
from curate.calibration.finding import calibrate
from curate.calibration.labelled import read
from curate.calibration.recipe_text import text_of, with_group_limits
from curate.check import check
from curate.cli import app
from curate.conditions import check_rule
from curate.engine import apply
from curate.errors import InputError, RecipeError
from curate.passes.groups import Groups
from curate.passes.too_toxic import TooToxic
from curate.recipe import load, parse
from curate.schema import MESSAGES, messages

OWN = {"en/gender.women": 0.9, "gender.women": 0.85, "religion.jews": 0.7, "fr": 0.6}
RULE = TooToxic(limit=0.8, group_limits=OWN)
CASES = [
    ("en", None, 0.8, "no group"),
    ("en", "gender.women", 0.9, "the key of language and group"),
    ("fr", "gender.women", 0.85, "the key of the group goes before that of the language"),
    ("fr", None, 0.6, "the language"),
    ("fr", "gender.men", 0.6, "a group without a limit has that of the language"),
    ("en", "religion.jews", 0.7, "a lower limit than the shared one"),
    ("en", "gender.women religion.jews", 0.9, "of several groups the highest"),
    (None, None, 0.8, "no language"),
    ("en", "origin.white", 0.8, "a group without a limit"),
]


@pytest.mark.parametrize(("language", "groups", "limit", "why"), CASES)
def test_a_message_has_the_limit_of_its_most_exact_key(
    language: str | None, groups: str | None, limit: float, why: str
) -> None:
    schema = {"role": pl.String, "language": pl.String, "groups": pl.String, "toxicity": pl.Float64}
    row = {"role": "assistant", "language": language, "groups": groups}
    frame = pl.DataFrame([{**row, "toxicity": limit}, {**row, "toxicity": limit + 0.001}], schema=schema)
    assert frame.select(RULE.decide_when()).to_series().to_list() == [False, True], why
    assert frame.select(RULE.evidence()).to_series()[0] == f"toxicity {limit:.2f} > {limit:.2f}"


def test_each_message_is_judged_alone() -> None:
    measured = {"language": pl.String(), "groups": pl.String(), "toxicity": pl.Float64()}
    check_rule(RULE, pl.Schema({**MESSAGES, **measured}))


def test_the_cut_changes_no_decision() -> None:
    said = ["Those women are idiots.", "A Jewish woman wrote, you idiot.", "Hello", "You idiot!"] * 3
    chat = messages(
        {"conversation_id": [f"c{i}" for i in range(12)], "role": ["assistant"] * 12, "text": said}
    )
    chat = chat.with_columns(language=pl.lit("en"))
    passes = [
        load("chat").passes[[one.name for one in load("chat").passes].index("toxicity")],
        Groups(),
        RULE,
    ]
    whole = apply(passes, chat)
    apart = pl.concat([apply(passes, part) for part in chat.iter_slices(1)])
    assert whole["verdict"].to_list() == apart["verdict"].to_list()
    assert whole["groups"].to_list()[:4] == ["gender.women", "gender.women religion.jews", None, None]


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"gender.womn": 0.9}, "did you mean 'gender.women'"),
        ({"en/gender.womn": 0.9}, "did you mean 'gender.women'"),
        ({"gender.women": 9}, "gives 'gender.women' 9"),
        ({"English": 0.9}, "write a language"),
    ],
)
def test_a_key_or_a_limit_that_is_none_is_refused(limits: dict[str, float], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        TooToxic(group_limits=limits)


def test_group_limits_without_their_measure_are_refused_before_anything_is_read() -> None:
    passes = [{"use": "toxicity"}, {"use": "too_toxic", "group_limits": {"gender.women": 0.9}}]
    with pytest.raises(RecipeError, match="reads the column 'groups'"):
        check(parse({"name": "r", "pass": passes}, "r.toml"))


def labelled(seed: int, count: int = 400) -> pl.DataFrame:
    """Texts of four groups; the scores of harmless ones about women lie 0.2 above those about the others."""
    random = np.random.default_rng(seed)
    groups = random.choice(["gender.women", "gender.men", "religion.jews", "origin.black"], 4 * count)
    toxic = random.random(4 * count) < 0.3
    scores = np.clip(random.beta(2, 5, 4 * count) + 0.2 * (groups == "gender.women") + 0.4 * toxic, 0, 1)
    told = {"groups": groups, "toxic": toxic, "toxicity": scores}
    return pl.DataFrame(told).with_columns(language=pl.lit("en"))


def test_a_group_that_is_flagged_more_often_gets_a_limit_at_which_it_is_not() -> None:
    found = calibrate(labelled(1), 0.6)
    assert list(found.limits) == ["en/gender.women"]
    one = next(g for g in found.groups if g.key == "en/gender.women")
    assert one.rate > 3 * found.target and one.low_after <= found.target <= one.high_after
    assert one.missed > one.missed_before and one.n > 200 and one.toxic > 50
    fresh = labelled(2).filter(~pl.col("toxic"))
    wrong = {
        group: float((some["toxicity"] > found.limits.get(f"en/{group}", 0.6)).mean() or 0)
        for (group,), some in fresh.group_by("groups")
    }
    assert max(wrong.values()) - min(wrong.values()) < 0.05 < one.rate - found.target


def test_where_groups_fare_alike_none_gets_a_limit_of_its_own() -> None:
    alike = labelled(3).filter(pl.col("groups") != "gender.women")
    assert calibrate(alike, 0.6).limits == {}


def test_a_group_of_too_few_texts_keeps_the_shared_limit() -> None:
    few = labelled(1).filter((pl.col("groups") != "gender.women") | (pl.int_range(pl.len()) < 60))
    assert "en/gender.women" not in {one.key for one in calibrate(few, 0.6, every=True).groups}


def test_every_large_group_is_brought_to_a_rate_that_was_asked_for() -> None:
    found = calibrate(labelled(1), 0.6, rate=0.1)
    assert len(found.groups) == 4
    assert all(abs(one.rate_after - 0.1) < 0.02 for one in found.groups)


FILE = "text,toxic,language\nWomen are welcome.,0,en\nYou idiot.,1,en\n,0,en\n"


def test_a_labelled_file_is_read_and_a_wrong_one_named_without_its_text(tmp_path: Path) -> None:
    path = tmp_path / "said.csv"
    path.write_text(FILE)
    assert read(str(path))["toxic"].to_list() == [False, True]
    assert read(str(path), language="fr")["language"].to_list() == ["fr", "fr"]
    path.write_text(FILE.replace(",1,", ",secret,"))
    with pytest.raises(InputError, match=r"1 label\(s\) that are none of") as told:
        read(str(path))
    assert "secret" not in str(told.value) and "idiot" not in str(told.value)
    with pytest.raises(InputError, match="no column 'said'"):
        read(str(path), text="said")
    with pytest.raises(InputError, match="no column 'tongue'"):
        read(str(path), language="tongue")
    with pytest.raises(InputError, match=r"none of \.csv"):
        read("said.txt")


@pytest.mark.parametrize("name", ["chat", "support", "assistant", "marketing"])
def test_limits_are_written_into_a_recipe_and_again_and_taken_out(name: str) -> None:
    text = text_of(name)
    once = with_group_limits(text, {"en/gender.women": 0.9})
    assert once.count("group_limits") == 1 and once.count('use = "groups"') == 1
    assert len(once.splitlines()) == len(text.splitlines()) + 4
    again = with_group_limits(once, {"fr/gender.men": 0.85, "fr": 0.7})
    assert again.count("group_limits") == 1 and again.count('use = "groups"') == 1
    rule = next(one for one in parse(load_text(again), "r.toml").passes if isinstance(one, TooToxic))
    assert rule.group_limits == {"fr/gender.men": 0.85, "fr": 0.7}
    assert "group_limits" not in with_group_limits(once, {})


def load_text(text: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(text)


def test_a_recipe_with_limits_runs_and_is_never_written_over(tmp_path: Path) -> None:
    target = tmp_path / "mine.toml"
    write("chat", {"en/gender.women": 0.99}, str(target))
    with pytest.raises(RecipeError, match="exists already"):
        write("chat", {}, str(target))
    said = [
        {"role": "user", "content": "Tell me about women."},
        {"role": "assistant", "content": "You idiot!"},
    ]
    (tmp_path / "a.jsonl").write_text(json.dumps({"messages": said}) + "\n")
    run = curate.run(tmp_path / "a.jsonl", tmp_path / "out", target, workers=1)
    assert "groups" in run.messages.collect_schema().names()


def test_a_recipe_that_scores_nothing_cannot_be_calibrated(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text('[[pass]]\nuse = "exact_duplicates"\n')
    with pytest.raises(RecipeError, match="no pass 'toxicity'"):
        calibrated(str(path))
    with pytest.raises(RecipeError, match="must be from 0 to 1"):
        calibrated("chat", rate=2)


def test_the_verb_tells_n_and_interval_of_each_group(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["calibrate", "chat", "--every", "--json"])
    assert told.exit_code == 0
    found = json.loads(told.stdout)
    assert found["n"] > 1000 and all(one["n"] >= 30 and one["low"] <= one["rate"] for one in found["groups"])
    shown = CliRunner().invoke(app, ["calibrate", "chat"])
    assert "harmless texts that mention a group" in shown.stdout
