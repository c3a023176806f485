"""`balance`: exact against brute force, the same on any cut, at rest on what it gave, told with its reason."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import curate
from curate.balancing import Plan, by_ratio, by_shares
from curate.check import check
from curate.errors import RecipeError, TamisError
from curate.passes.balance import Balance, slices
from curate.recipe import parse
from curate.rejudge import rejudge
from curate.runs import Run
from curate.schema import messages, number_conversations

Counts = Mapping[str, int]


def by_hand(sizes: Counts, meets: Callable[[Counts], bool], most: int) -> tuple[int, int]:
    """The most that can stay, and the fewest repeats for it, among all ways to count slices."""
    ways = itertools.product(*(range(most * size + 1) for size in sizes.values()))
    told = [dict(zip(sizes, way, strict=True)) for way in ways]
    return max(
        (sum(min(sizes[name], way[name]) for name in way), -sum(way.values())) for way in told if meets(way)
    )


def value(plan: Plan) -> tuple[int, int]:
    return sum(plan.kept.values()), -sum(plan.counted.values())


SIZES = st.lists(st.integers(1, 7), min_size=2, max_size=3)


@settings(deadline=None)  # counting all ways takes long where others compute
@given(SIZES, st.sampled_from([1.0, 1.1, 1.5, 2.0, 2.7, 4.0]), st.integers(1, 3))
def test_no_other_plan_within_a_ratio_removes_less_or_repeats_less(
    sizes: list[int], ratio: float, most: int
) -> None:
    held = {f"s{i}": size for i, size in enumerate(sizes)}

    def meets(way: Counts) -> bool:
        return min(way.values()) >= 1 and max(way.values()) <= Fraction(str(ratio)) * min(way.values())

    plan = by_ratio(held, ratio, most)
    assert meets(plan.counted)
    assert value(plan) == by_hand(held, meets, most)


@settings(deadline=None)  # counting all ways takes long where others compute
@given(SIZES, st.data(), st.integers(1, 3))
def test_no_other_plan_of_these_shares_removes_less_or_repeats_less(
    sizes: list[int], data: st.DataObject, most: int
) -> None:
    held = {f"s{i}": size for i, size in enumerate(sizes)}
    parts = [data.draw(st.integers(1, 9)) for _ in sizes]
    weights = {f"s{i}": Fraction(part, 10) for i, part in enumerate(parts)}

    def meets(way: Counts) -> bool:
        """Whether there is a total of which each counts its share, to less than one."""
        above = max((way[name] - 1) / weights[name] for name in way)
        return min(way.values()) >= 1 and above < min((way[name] + 1) / weights[name] for name in way)

    plan = by_shares(held, {f"s{i}": part / 10 for i, part in enumerate(parts)}, most)
    assert meets(plan.counted)
    assert value(plan) == by_hand(held, meets, most)


@settings(deadline=None)  # counting all ways takes long where others compute
@given(st.lists(st.integers(1, 400), min_size=1, max_size=8), st.sampled_from([1.0, 1.5, 3.0]), st.data())
def test_a_balanced_set_is_at_rest(sizes: list[int], ratio: float, data: st.DataObject) -> None:
    held = {f"s{i}": size for i, size in enumerate(sizes)}
    shares = {name: data.draw(st.integers(1, 20)) / 10 for name in held}
    for again in (lambda s: by_ratio(s, ratio), lambda s: by_shares(s, shares)):
        once = again(held).kept
        assert again(once).kept == once


def test_a_slice_that_is_not_there_leaves_the_target_and_the_others_keep_their_proportion() -> None:
    shares = {"en": 0.4, "fr": 0.4, "de": 0.2}
    assert by_shares({"en": 50, "fr": 30}, shares).kept == {"en": 31, "fr": 30}


def test_a_thousand_slices_are_planned() -> None:
    sizes = {f"s{i}": 20 + i % 50 for i in range(1000)}
    plan = by_ratio(sizes, 2)
    assert max(plan.kept.values()) == 40
    assert set(by_shares(sizes, dict.fromkeys(sizes, 0.001)).kept.values()) <= {20, 21}


LOGS = [("en", i) for i in range(60)] + [("fr", i) for i in range(25)] + [("de", i) for i in range(4)]


def record(number: int, language: str, place: int) -> str:
    said = [
        {"role": "user", "content": f"Question {place} of the {language} desk, number {number * 37}."},
        {"role": "assistant", "content": f"Answer {place * 11} in {language} to question {number * 37}."},
    ]
    return json.dumps({"id": f"c{number}", "messages": said, "desk": language})


def logs(folder: Path) -> Path:
    path = folder / "logs.jsonl"
    path.write_text("\n".join(record(i, *one) for i, one in enumerate(LOGS)) + "\n", "utf-8")
    return path


def recipe(**options: Any) -> Any:
    table = {"use": "balance", "by": "extra.desk", "ignore_below": 10, **options}
    return parse({"name": "b", "pass": [{"use": "exact_duplicates"}, table]}, "b.toml")


def desks(run: Run) -> Counter[str]:
    kept = pl.read_parquet(run.storage.path("curated/part-*.parquet"))
    texts = [
        messages[0]["content"].split(" the ")[1].split(" ")[0] for messages in kept["messages"].to_list()
    ]
    return Counter(texts)


def test_a_run_is_brought_to_its_target_with_the_reason_told(tmp_path: Path) -> None:
    run = curate.run(logs(tmp_path), tmp_path / "out", recipe(max_ratio=1.6), workers=1)
    assert desks(run) == {"en": 40, "fr": 25, "de": 4}
    gone = run.messages.filter(pl.col("decided_by") == "balance").collect()
    assert gone.filter(pl.col("turn") == 0).height == 20
    assert gone["evidence"].unique().to_list() == [
        "extra.desk=en is 67.4% of 89, target 1.6 times the smallest at most: 40 of 60 stay"
    ]
    assert gone["duplicate_of"].null_count() == gone.height


def test_any_cut_gives_the_same_content(tmp_path: Path) -> None:
    path = logs(tmp_path)
    one = curate.run(path, tmp_path / "one", recipe(max_ratio=1.0), workers=1)
    many = curate.run(path, tmp_path / "many", recipe(max_ratio=1.0), workers=1, shard_bytes=2_000)
    assert len(many.storage.names("messages")) > 2
    assert one.manifest["content"] == many.manifest["content"]
    assert desks(one) == desks(many) == {"en": 25, "fr": 25, "de": 4}


def test_curating_a_balanced_set_again_changes_nothing(tmp_path: Path) -> None:
    first = curate.run(logs(tmp_path), tmp_path / "one", recipe(max_ratio=1.5), workers=1)
    again = curate.run(tmp_path / "one" / "curated", tmp_path / "two", recipe(max_ratio=1.5), workers=1)
    assert again.manifest["counts"]["kept"] == first.manifest["counts"]["kept"]


def test_another_target_is_judged_without_reading_again_and_another_slice_is_refused(tmp_path: Path) -> None:
    path = logs(tmp_path)
    fresh = curate.run(path, tmp_path / "fresh", recipe(max_ratio=1.2), workers=1)
    moved = curate.run(path, tmp_path / "moved", recipe(max_ratio=2.0), workers=1)
    again = rejudge(moved.out, ["balance.max_ratio=1.2"])
    assert again.manifest["content"] == fresh.manifest["content"]
    steps = json.loads(moved.storage.read("limits.json"))["limits"]
    told = next(limit for limit in steps if limit["pass"] == "balance")
    assert {step["at"]: step["conversations"] for step in told["steps"]}[1.0] == 25 + 25 + 4
    with pytest.raises(TamisError, match=r"balance with by=source"):
        rejudge(moved.out, ["balance.by=source"])


def test_small_slices_are_repeated_before_large_ones_are_cut(tmp_path: Path) -> None:
    wanted = recipe(shares={"en": 0.5, "fr": 0.5}, most_repeats=2)
    run = curate.run(logs(tmp_path), tmp_path / "out", wanted, workers=1, shard_bytes=2_000, jsonl=True)
    kept = pl.read_parquet(run.storage.path("curated/part-*.parquet"))
    assert desks(run) == {"en": 51, "fr": 25, "de": 4}
    fr = kept.filter(pl.col("messages").list.first().struct.field("content").str.contains("the fr desk"))
    assert fr["repeat"].to_list() == [2] * 25
    assert int(kept["repeat"].sum()) == 50 + desks(run)["en"] + 4
    lines = [json.loads(line) for name in run.storage.names("curated") if name.endswith("jsonl")
             for line in run.storage.read(name).splitlines()]  # fmt: skip
    assert sum(line["repeat"] for line in lines) == int(kept["repeat"].sum())
    assert run.manifest["counts"]["kept_in_an_epoch"] == int(kept["repeat"].sum())
    assert "105 in an epoch" in run.storage.read("README.md").decode()
    content = run.manifest["content"]
    again = rejudge(run.out, ["balance.most_repeats=1"])
    assert "repeat" not in pl.read_parquet_schema(again.storage.path("curated/part-00000.parquet"))
    assert again.manifest["content"] != content
    back = rejudge(run.out, ["balance.most_repeats=2"])
    assert back.manifest["content"] == content


def test_without_repeats_the_curated_set_has_no_such_column(tmp_path: Path) -> None:
    run = curate.run(logs(tmp_path), tmp_path / "out", recipe(max_ratio=1.0), workers=1)
    assert "repeat" not in pl.read_parquet_schema(run.storage.path("curated/part-00000.parquet"))


CHATS = [
    ("a", "user", "My mother and a woman next door asked.", "en"),
    ("a", "assistant", "Yes.", "en"),
    ("b", "user", "Men and women came to the desk together.", "en"),
    ("c", "system", "Be kind.", "en"),
    ("c", "user", "Où est la gare la plus proche ?", "fr"),
]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("groups.gender", ["women", "several", "none"]),
        ("roles", ["assistant user", "user", "system user"]),
        ("language", ["en", "en", "fr"]),
        ("source", ["", "", ""]),
    ],
)
def test_slices_are_of_columns_measures_roles_and_mentions(by: str, expected: list[str]) -> None:
    columns = [list(column) for column in zip(*CHATS, strict=True)]
    frame = messages(dict(zip(("conversation_id", "role", "text"), columns[:3], strict=True)))
    batch = number_conversations(frame.with_columns(language=pl.Series(columns[3])))
    assert slices(batch, by)["slice"].to_list() == expected


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"max_ratio": 0.5}, "must be 1"),
        ({"shares": {"en": 0.5, "fr": 0.4}}, "add up to 0.9"),
        ({"max_ratio": 2.0, "most_repeats": 0}, "most_repeats is 0"),
        ({"max_ratio": 2.0, "ignore_below": -1}, "ignore_below is -1"),
        ({"max_ratio": 2.0, "by": "groups.gendre"}, "did you mean 'gender'"),
        ({"max_ratio": 2.0, "by": "extra.it's"}, "no quote"),
    ],
)
def test_a_target_that_is_none_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        Balance(**options)


def test_a_recipe_in_which_it_is_not_last_or_lacks_its_column_is_refused() -> None:
    first = {"use": "balance", "max_ratio": 2.0}
    with pytest.raises(RecipeError, match="move it last"):
        check(parse({"name": "b", "pass": [first, {"use": "exact_duplicates"}]}, "b.toml"))
    with pytest.raises(RecipeError, match="'balance' reads the column 'topic'"):
        check(parse({"name": "b", "pass": [{**first, "by": "topic"}]}, "b.toml"))
