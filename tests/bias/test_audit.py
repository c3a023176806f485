"""The audit on corpora in which every bias is planted, on a run of its own, and its limits."""

from __future__ import annotations

import importlib.util
import json
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from curate import runs
from curate.bias import audit, facts, limits
from curate.bias.examine import examine
from curate.bias.facts import BiasFacts, Settings
from curate.errors import InputError, LimitBrokenError, RecipeError
from curate.recipe import parse


def benchmark() -> ModuleType:
    """benchmarks/bias.py, which makes corpora of known bias."""
    path = Path(__file__).parents[2] / "benchmarks" / "bias.py"
    spec = importlib.util.spec_from_file_location("bias_benchmark", path)
    assert spec and spec.loader
    made = importlib.util.module_from_spec(spec)
    sys.modules["bias_benchmark"] = made
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    return benchmark()


@pytest.fixture(scope="module")
def planted(bench: ModuleType) -> BiasFacts:
    made: BiasFacts = bench.audited(bench.BIASED, 7)
    return made


def test_planted_biases_are_told_at_their_size(bench: ModuleType, planted: BiasFacts) -> None:
    found = bench.checks(planted, bench.BIASED)
    assert sum(held for held, _ in found.values()) >= 8, found
    assert sum(claimed for _, claimed in found.values()) >= 6, found


def test_nothing_is_claimed_where_nothing_is(bench: ModuleType) -> None:
    wrong = [claim for seed in (21, 22, 23) for claim in bench.unbiased(seed)]
    assert wrong == []


def test_a_file_that_is_ruder_than_the_others_is_told_by_role(bench: ModuleType, planted: BiasFacts) -> None:
    found = {(one.group, one.about): one for one in planted.gaps if one.kind == "source"}
    assert set(found) == {(name, about) for name in ("a.jsonl", "b.jsonl") for about in ("user", "assistant")}
    rude = found["b.jsonl", "assistant"]
    assert rude.claimed and rude.low < bench.BIASED.source_toxicity < rude.high
    assert not found["b.jsonl", "user"].claimed
    assert rude.n + rude.other_n == sum(one.n for (_, about), one in found.items() if about == "assistant")
    moved = [
        one
        for one in planted.deltas
        if (one.kind, one.group, one.about) == ("source", "b.jsonl", "assistant")
    ]
    assert moved and moved[0].n_kept == rude.n < moved[0].n


def test_gaps_between_files_break_a_limit_only_where_kinds_name_them(planted: BiasFacts) -> None:
    told = limits.broken(planted, limits.parse({"toxicity_gap": 0.02}, "bias.toml"))
    assert any("assistant, b.jsonl" in one for one in told)
    told = limits.broken(planted, limits.parse({"toxicity_gap": 0.02, "kinds": ["group"]}, "bias.toml"))
    assert told and not any(".jsonl" in one for one in told)


def test_the_cut_into_parts_changes_no_fact(bench: ModuleType) -> None:
    rows = bench.corpus(bench.Planted(conversations=300, dropped_ratio=3.0), 11)
    cuts = rows.with_row_index("row").filter(pl.col("turn") == 0)["row"].to_list()
    whole = examine(bench.MANIFEST, [rows], Settings(), ask_scorer=False)
    places = [0, cuts[50], cuts[51], cuts[200], rows.height]
    parts = [rows[a:b] for a, b in pairwise(places)]
    assert facts.to_json(examine(bench.MANIFEST, parts, Settings(), ask_scorer=False)) == facts.to_json(whole)


def test_a_run_without_a_message_has_an_audit(bench: ModuleType) -> None:
    made = examine(bench.MANIFEST, [], Settings(), ask_scorer=False)
    assert (made.messages, made.sieve, made.representation) == (0, (), ())


def test_a_field_that_cannot_be_looked_up_is_refused(finished: runs.Run) -> None:
    with pytest.raises(InputError, match="cannot be looked up"):
        audit(finished, declared=("it's",))


def test_a_field_that_no_message_has_is_refused_with_those_that_are_there(
    tmp_path: Path, finished: runs.Run
) -> None:
    with pytest.raises(InputError, match=r"unknown declared field 'teem' in .*; did you mean 'team'\?"):
        audit(finished, declared=("team", "teem"))
    chat = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}]}
    (tmp_path / "a.jsonl").write_text(json.dumps(chat) + "\n")
    with pytest.raises(InputError, match="has no fields beside ours"):
        audit(runs.run(tmp_path / "a.jsonl", tmp_path / "out"), declared=("team",))


def test_the_twin_is_json_with_a_version_and_no_number_that_is_none(planted: BiasFacts) -> None:
    told = json.loads(facts.to_json(planted), parse_constant=lambda name: pytest.fail(name))
    assert (told["format"], told["version"]) == ("tamis-bias", 1)


def test_every_group_below_the_minimum_is_told_and_claimed_nowhere(bench: ModuleType) -> None:
    rows = bench.corpus(bench.Planted(conversations=60), 2)
    made = examine(bench.MANIFEST, [rows], Settings(), ask_scorer=False)
    assert made.too_few
    assert not {rate.slice for rate in made.sieve if rate.kind == "group"} & set(made.too_few)
    assert not any(share.claimed for share in made.representation if share.group in made.too_few)


RECIPE = {
    "name": "t",
    "description": "",
    "pass": [
        {
            "use": "decide_when",
            "name": "no_jews",
            "condition": "text LIKE '%Jewish%'",
            "scope": "conversation",
            "then": "drop",
        },
    ],
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> runs.Run:
    """A run whose only rule drops what mentions one group; authors declare their team."""
    folder = tmp_path_factory.mktemp("bias")
    people = ("Jewish people", "Muslims", "women", "older people")
    lines = []
    for number in range(240):
        said = [
            {
                "role": "user",
                "content": f"Tell me something kind about {people[number % 4]}, number {number} of my list.",
            },
            {
                "role": "assistant",
                "content": f"Of course: they all like chapter {number * 7} of the book <b>best</b>.",
            },
        ]
        lines.append(json.dumps({"messages": said, "team": "red" if number % 8 < 4 else "blue"}))
    (folder / "logs.jsonl").write_text("\n".join(lines), "utf-8")
    return runs.run(folder / "logs.jsonl", folder / "out", parse(RECIPE, "t.toml"), workers=1)


def rate(made: BiasFacts, **wanted: Any) -> facts.Rate:
    return next(one for one in made.sieve if all(getattr(one, key) == value for key, value in wanted.items()))


def test_a_rule_that_drops_one_group_is_told_alone_and_in_order(finished: runs.Run) -> None:
    made = audit(finished, declared=("team",))
    alone = rate(made, by="no_jews", verb="flagged", slice="religion.jews")
    assert (alone.count, alone.n, alone.claimed, alone.ratio) == (60, 60, True, None)
    ordered = rate(made, by="no_jews", verb="dropped", slice="religion.jews")
    assert ordered.claimed and ordered.marked and ordered.four_fifths == 0
    other = rate(made, by="no_jews", verb="dropped", slice="religion.muslims")
    assert other.rate == 0 and not other.marked
    team = rate(made, by="", verb="dropped", kind="declared.team", slice="red")
    assert team.n == 120 and not team.claimed
    share = next(s for s in made.slices if (s.kind, s.slice, s.stage) == ("declared.team", "red", "read"))
    assert (share.count, share.of, share.share) == (120, 480, 0.25) and share.low < 0.25 < share.high
    kept = next(s for s in made.slices if (s.kind, s.slice, s.stage) == ("role", "user", "kept"))
    assert kept.count == 180
    gap = next(g for g in made.gaps if (g.kind, g.group, g.measure) == ("declared.team", "red", "words"))
    assert gap.n + gap.other_n == 180 and gap.low <= gap.difference <= gap.high
    written = Path(finished.out) / "bias.json"
    assert written.read_bytes() == facts.to_json(made)


def test_the_same_run_gives_the_same_facts(finished: runs.Run) -> None:
    assert facts.to_json(audit(finished)) == facts.to_json(audit(finished))


def test_an_audit_of_no_run_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no finished run"):
        audit(runs.Run(str(tmp_path)))


def test_a_broken_limit_stops_and_one_that_holds_does_not(finished: runs.Run, tmp_path: Path) -> None:
    made = audit(finished)
    path = tmp_path / "bias.toml"
    path.write_text("drop_ratio = 2\nfour_fifths = 0.8\n", "utf-8")
    with pytest.raises(LimitBrokenError, match=r"no_jews dropped 100.0% of group=religion.jews") as error:
        limits.stand(made, limits.load(path), finished.out)
    assert "Jewish" not in str(error.value)
    path.write_text('drop_ratio = 2\nkinds = ["language"]\n', "utf-8")
    limits.stand(made, limits.load(path), finished.out)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("drop_ration = 2", "unknown key 'drop_ration' in .*did you mean 'drop_ratio'"),
        ("drop_ratio = 'high'", "drop_ratio is 'high', must be a number"),
        ("drop_ratio = true", "drop_ratio is True, must be a number"),
        ('drop_ratio = 1\nkinds = ["grup"]', "unknown kind 'grup'.*did you mean 'group'"),
        ("", "sets no limit"),
        ("drop_ratio 2", "is not TOML"),
    ],
)
def test_a_file_of_limits_that_is_not_valid_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bias.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(RecipeError, match=said):
        limits.load(path)


def test_a_missing_file_of_limits_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        limits.load(tmp_path / "none.toml")
