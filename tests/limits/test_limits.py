"""What would be kept at other limits: the counts of `limits.json` are those that `rejudge` then gives."""

from __future__ import annotations

import json
import shutil
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

import curate
from curate.limits.moves import STEPS, moves_of, values_of
from curate.passes.base import Decider, GlobalPass
from curate.recipe import load, pass_class, registered
from curate.rejudge import rejudge
from curate.runs import Run, open_run
from curate.verify import verify

ROOT = Path(__file__).parents[2]
STRICT = (
    "too_toxic.then=drop",
    "too_toxic.scope=exchange",
    'wrong_language.keep=["en"]',
    "exact_duplicates.then=mask",
)
RECIPE = """
name = "entangled"
[[pass]]
use = "toxicity"
[[pass]]
use = "quality"
[[pass]]
use = "too_toxic"
limit = 0.3
roles = ["user", "assistant"]
scope = "tail"
then = "mask"
[[pass]]
use = "too_repetitive"
least_words = 5
limit = 0.3
[[pass]]
use = "decide_when"
name = "told_twice"
condition = "{condition}"
scope = "message"
[[pass]]
use = "nothing_to_train"
[[pass]]
use = "near_duplicates"
limit = 0.7
"""


def text(words: int, seed: int) -> str:
    """Words that repeat more or less, some of them rude."""
    chance = seed * 7919 + words
    names = ["parcel", "delay", "idiot", "refund", "Tuesday", "stupid", "counter", "please", "you", "kettle"]
    span = 1 + seed % len(names)
    return " ".join(names[(chance + i * i) % span] for i in range(words))


def corpus(folder: Path, number: int = 60) -> Path:
    """Conversations of one to six messages, every fifth nearly that before it."""
    lines = []
    for i in range(number):
        same = i - 1 if i % 5 == 4 else i
        turns = [text(2 + (same * turn) % 19, same + turn) for turn in range(1 + same % 6)]
        if same != i:
            turns[-1] += " again"
        messages = [{"role": ("user", "assistant")[k % 2], "content": said} for k, said in enumerate(turns)]
        lines.append(json.dumps({"id": f"c{i}", "messages": messages}))
    folder.mkdir(exist_ok=True)
    (folder / "logs.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def facts(run: Run) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(run.storage.read("limits.json"))["limits"]
    return told


def now(run: Run) -> dict[str, int]:
    """What a run keeps, from its own manifest."""
    last = run.funnel[-1]
    return {
        "conversations": run.manifest["counts"]["kept"],
        "messages": last["messages"],
        "masked": last["masked"],
    }


def compare(run: Run, copy: Path, *places: tuple[int, ...]) -> int:
    """Rejudge a copy of the run at steps of every limit; gives how many of them differ from the present.

    `places` are the steps of the first limit, of the second and so on, and from the start again.
    """
    moved = 0
    for limit, own in zip(facts(run), cycle(places), strict=False):
        for place in own:
            step = limit["steps"][place]
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(run.out, copy)
            again = rejudge(str(copy), [f"{limit['pass']}.{limit['option']}={step['at']}"])
            told = {name: step[name] for name in ("conversations", "messages", "masked")}
            assert told == now(again), (limit["pass"], limit["option"], step["at"])
            moved += told != now(run)
    return moved


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("samples") / "out"
    return curate.run(ROOT / "samples", out, sets=STRICT, workers=1, shard_bytes=30_000)


def test_the_counts_are_those_that_rejudge_gives(samples: Run, tmp_path: Path) -> None:
    assert compare(samples, tmp_path / "o", (2,), (17,)) > 2


@pytest.mark.slow
def test_every_count_of_every_limit_is_that_of_rejudge(samples: Run, tmp_path: Path) -> None:
    assert compare(samples, tmp_path / "o", tuple(range(STEPS))) > 40


@pytest.mark.parametrize(
    "condition",
    [
        "words = 3 AND flags IS NOT NULL",
        "words < 4 AND verdict = 'mask'",
        "evidence LIKE '%toxicity%'",
        "words = 3",
    ],
)
def test_deciders_that_ask_what_others_decided_are_counted_too(condition: str, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(RECIPE.replace("{condition}", condition))
    run = curate.run(
        corpus(tmp_path / "logs"), tmp_path / "out", tmp_path / "r.toml", workers=1, shard_bytes=9_000
    )
    assert compare(run, tmp_path / "o", (16,), (12,), (6,), (12,), (12,)) > 3


def test_balance_after_other_passes_is_counted_among_what_they_leave(tmp_path: Path) -> None:
    balance = '[[pass]]\nuse = "balance"\nby = "roles"\nmax_ratio = 1.5\nignore_below = 2\n'
    (tmp_path / "r.toml").write_text(RECIPE.replace("{condition}", "words = 3") + balance)
    run = curate.run(
        corpus(tmp_path / "logs"), tmp_path / "out", tmp_path / "r.toml", workers=1, shard_bytes=9_000
    )
    assert facts(run)[-1]["option"] == "max_ratio"
    assert compare(run, tmp_path / "o", (16,), (12,), (6,), (12,), (12,), (19,)) > 3


def test_the_present_limit_is_one_of_twenty_with_the_counts_of_the_run(samples: Run) -> None:
    told = facts(samples)
    assert {(one["pass"], one["option"]) for one in told} >= {
        ("too_toxic", "limit"),
        ("too_garbled", "limit"),
        ("too_repetitive", "limit"),
        ("too_repetitive", "least_words"),
        ("wrong_language", "least_score"),
        ("near_duplicates", "limit"),
        ("exact_duplicates", "keep_all_below"),
    }
    for one in told:
        assert len(one["steps"]) == STEPS
        present = next(step for step in one["steps"] if step["at"] == one["now"])
        assert {name: present[name] for name in ("conversations", "messages", "masked")} == now(samples)
    near = next(one for one in told if (one["pass"], one["option"]) == ("near_duplicates", "limit"))
    assert near["steps"][0]["at"] == 0.7  # down to the floor of the stored pairs
    assert verify(samples.out) == []


def test_the_cut_into_shards_changes_no_count(samples: Run, tmp_path: Path) -> None:
    other = curate.run(ROOT / "samples", tmp_path / "out", sets=STRICT, workers=1)
    assert facts(other) == facts(samples)


def test_after_rejudge_a_limit_can_go_down_to_where_texts_were_measured(samples: Run, tmp_path: Path) -> None:
    shutil.copytree(samples.out, tmp_path / "o")
    up = rejudge(str(tmp_path / "o"), ["near_duplicates.limit=0.97"])
    near = next(one for one in facts(up) if (one["pass"], one["option"]) == ("near_duplicates", "limit"))
    assert (near["now"], near["steps"][0]["at"]) == (0.97, 0.7)
    back = rejudge(str(tmp_path / "o"), ["near_duplicates.limit=0.8"])
    assert facts(back) == facts(samples)
    assert open_run(tmp_path / "o").manifest["content"] == samples.manifest["content"]


@pytest.mark.parametrize("name", sorted(registered()))
def test_every_declared_limit_is_an_option_and_its_ends_are_allowed(name: str) -> None:
    cls = pass_class(name, "the registry")
    if name == "decide_when" or not issubclass(cls, Decider | GlobalPass):
        return
    one = cls()
    for move in moves_of([one], [one]):
        assert getattr(one, move.option) == move.now
        assert list(move.values) == sorted(set(move.values))


def test_values_hold_the_present_one_and_both_ends() -> None:
    for present in (0.01, 0.333, 0.8, 1.0):
        values = values_of(0.0, 1.0, present)
        assert present in values
        assert len(set(values)) == STEPS
    assert values_of(0.85, 1.0, 0.95)[0] == 0.85
    assert values_of(0.85, 1.0, 0.95)[-1] == 1.0
    chat = load("chat").passes
    assert moves_of(chat, chat)[0].name == "too_toxic"
