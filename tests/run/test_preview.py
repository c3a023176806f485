"""`curate preview`: exact where it can be, honest where it cannot, and without a trace on disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import curate
from curate import schema
from curate.errors import InputError, RecipeError
from curate.preview import Preview, as_data, of_sample, preview
from curate.preview.expected import asked
from curate.preview.intervals import count_interval, gamma_below, gamma_quantile, sum_interval
from curate.preview.sample import draw

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
SECRET = "zephirine.quux@exemple.fr"


def lines(folder: Path, count: int, twins: int = 0) -> Path:
    """A file of `count` different chats, the first `twins` of them twice, some with markup or an address."""
    folder.mkdir(exist_ok=True)
    rows = []
    for number in range(count):
        words = " ".join(f"word{(number * 7919 + place * 104729) % 99991}" for place in range(20))
        text = f"<p>{words}</p>" if number % 5 == 0 else f"{words} {SECRET}" if number % 7 == 0 else words
        answer = "" if number % 11 == 0 else f"Answer {number}: {words[::-1]}"
        messages = [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
        rows.append({"id": f"c{number}", "messages": messages})
    rows += [{**row, "id": f"twin-{row['id']}"} for row in rows[:twins]]
    (folder / "logs.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return folder / "logs.jsonl"


def figures(told: Preview) -> dict[tuple[str, str], tuple[Any, Any]]:
    return {(step.verb, step.by): (step.conversations, step.messages) for step in told.funnel}


def truth(run: curate.Run) -> dict[tuple[str, str], tuple[int, int]]:

    rows = schema.number_conversations(run.messages.collect())
    found = {}
    for verb, by, counted, whether in asked(run.recipe(), rows):
        each = rows.group_by(schema.CONVERSATION).agg(counted.sum().alias("m"), whether.alias("c"))
        found[verb, by] = (int(each["c"].sum()), int(each["m"].sum()))
    return found


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lines(tmp_path_factory.mktemp("logs") / "in", 600, twins=60)


@pytest.fixture(scope="module")
def real(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> curate.Run:
    return curate.run(logs, tmp_path_factory.mktemp("run") / "out", workers=1)


def test_a_sample_of_everything_gives_the_figures_of_the_run(tmp_path: Path) -> None:
    run = curate.run(SAMPLES, tmp_path / "out", workers=1)
    told = preview(SAMPLES, workers=1)
    assert told.sampled == told.counts["conversations"]
    for key in ("records", "conversations", "messages", "quarantined", "files_unreadable"):
        assert told.counts[key] == run.manifest["counts"][key]
    expected = truth(run)
    for key, (conversations, messages) in figures(told).items():
        assert messages.low == messages.value == messages.high == expected[key][1], key
        if conversations is not None:
            assert conversations.low == conversations.value == conversations.high == expected[key][0], key
    assert figures(told)["kept", ""][0].value == run.manifest["counts"]["kept"]


def test_the_figures_are_those_of_the_manifest(real: curate.Run, logs: Path) -> None:
    told = figures(preview(logs, workers=1, sample=10_000))
    for step in real.funnel:
        if "pass" in step:
            conversations, messages = told[step["step"], step["pass"]]
            assert (conversations.value, messages.value) == (step["conversations"], step["messages"])
    for step in real.manifest["touched"]:
        assert told[step["verb"], step["pass"]][1].value == step["messages"]


@pytest.mark.parametrize("seed", range(5))
def test_the_intervals_hold_the_run(real: curate.Run, logs: Path, seed: int) -> None:
    told, expected = figures(preview(logs, workers=1, sample=150, seed=seed)), truth(real)
    assert all(
        one.low <= expected[key][place] <= one.high
        for key, pair in told.items()
        for place, one in enumerate(pair)
        if one is not None
    )
    gone = told["drop", "exact_duplicates"][0]
    assert 0 < gone.value < 200  # 60 of 660; found although most twins were not drawn


def test_nothing_is_written_and_redirected_output_holds_no_message_text(logs: Path, tmp_path: Path) -> None:
    temporary, home = tmp_path / "tmp", tmp_path / "home"
    for folder in (temporary, home):
        folder.mkdir()
    before = {path: path.stat().st_mtime_ns for path in sorted(logs.parent.rglob("*"))}
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "curate.cli", "preview", str(logs), "--json"]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in sorted(logs.parent.rglob("*"))} == before
    assert list(temporary.rglob("*")) == []
    assert list(home.rglob("*")) == []
    told = json.loads(done.stdout)
    assert told["counts"]["conversations"] == 660
    assert "removed by exact_duplicates" in done.stderr
    for text in ("word", SECRET, "Answer"):
        assert text not in done.stdout
        assert text not in done.stderr


def test_examples_show_no_private_value(logs: Path) -> None:
    from rich.console import Console

    from curate.preview_terminal import show

    console = Console(force_terminal=True, record=True, width=100, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    show(console, preview(logs, workers=1, sample=300))
    shown = console.export_text()
    assert "strip_html: user" in shown
    assert "<EMAIL_1>" in shown
    assert SECRET not in shown


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_sample_is_the_same_on_any_cut_and_with_any_workers(logs: Path, workers: int) -> None:
    one = preview(logs, workers=1, sample=40, seed=3)
    other = preview(logs, workers=workers, sample=40, seed=3, shard_bytes=60_000)
    another = preview(logs, workers=1, sample=40, seed=4)
    ids = [
        told.messages["conversation_id"].unique(maintain_order=True).to_list()
        for told in (one, other, another)
    ]
    assert ids[0] == ids[1] != ids[2]
    assert one.funnel == other.funnel
    assert one.messages.drop("conversation").equals(other.messages.drop("conversation"))


def test_a_duplicate_is_found_although_the_other_one_was_not_drawn(tmp_path: Path) -> None:
    logs = lines(tmp_path / "in", 400, twins=400)
    told = preview(logs, workers=1, sample=100)
    names = told.messages["conversation_id"].unique()
    drawn_twins = names.str.starts_with("twin-").sum()
    gone = told.messages.filter(pl.col("decided_by") == "exact_duplicates")["conversation_id"].unique()
    kept_twins = told.messages.filter(
        pl.col("conversation_id").str.starts_with("twin-") & (pl.col("verdict") != "drop")
    )
    assert drawn_twins > 20
    assert set(gone) <= set(names.filter(names.str.starts_with("twin-")))
    assert kept_twins.height == 0


def test_a_crowd_of_near_copies_is_expected_to_go(tmp_path: Path) -> None:
    words = [f"word{place * 104729 % 99991}" for place in range(60)]
    asks, answers = " ".join(words[:30]), " ".join(words[30:])
    rows = [
        {
            "id": f"c{number}",
            "messages": [
                {"role": "user", "content": f"{asks} {number}"},
                {"role": "assistant", "content": f"{answers} {number}"},
            ],
        }
        for number in range(1500)
    ]
    path = tmp_path / "logs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    told = figures(preview(path, workers=1, sample=100))
    assert told["drop", "near_duplicates"][0].value > 1400
    assert told["drop", "near_duplicates"][0].high >= 1499


def test_what_many_say_is_no_evidence_here_either(tmp_path: Path) -> None:
    """Canned text that all say, and a number of their own: near-duplicates only where canned text counts."""
    canned = " ".join(f"word{place * 104729 % 99991}" for place in range(60))
    rows = [
        {
            "id": f"c{number}",
            "messages": [
                {"role": "user", "content": canned},
                {"role": "assistant", "content": f"{canned} certainly"},
                {"role": "user", "content": f"My order is {number * 7919} please"},
                {"role": "assistant", "content": f"It is {number * 104729} now"},
            ],
        }
        for number in range(300)
    ]
    path = tmp_path / "logs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    for sets in ([], ["near_duplicates.shared_above=0"]):
        run = curate.run(path, tmp_path / f"out{len(sets)}", workers=1, sets=sets)
        dropped = truth(run)["drop", "near_duplicates"][0]
        expected = figures(preview(path, workers=1, sample=100, sets=sets))["drop", "near_duplicates"][0]
        assert expected.low <= dropped <= expected.high
        assert (dropped > 250) == bool(sets)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"sample": 0}, InputError, "--sample is 0"),
        ({"recipe": "chatt"}, RecipeError, "did you mean 'chat'"),
        ({"sets": ["too_toxic.limt=1"]}, RecipeError, "did you mean 'limit'"),
    ],
)
def test_what_cannot_be_used_is_said(
    arguments: dict[str, Any], error: type[Exception], says: str, logs: Path
) -> None:
    with pytest.raises(error, match=says):
        preview(logs, **arguments)


def test_an_input_without_a_conversation_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "x", "messages": [\n' * 3)
    with pytest.raises(InputError):
        preview(tmp_path)


def test_the_forecast_is_of_a_plausible_size(logs: Path, real: curate.Run) -> None:
    told = preview(logs, workers=1)
    assert 0.2 < told.forecast.seconds < 60
    assert told.forecast.workers == 1
    assert told.forecast.memory > 50 * 2**20
    assert json.loads(json.dumps(as_data(told)))["forecast"]["written"] > 0


def test_counts_have_exact_intervals() -> None:
    # scipy: the largest K with hypergeom(1000, K, 100).cdf(found) > 0.025, the least with sf(found - 1) > 0.025
    for found, low, high in ((0, 0, 34), (1, 1, 52), (50, 404, 596), (99, 948, 999), (100, 966, 1000)):
        one = count_interval(found, 100, 1000, 0.05)
        assert (one.low, one.high) == (low, high), found


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(0, 60), st.integers(1, 60))
def test_an_interval_holds_its_own_guess_and_what_was_seen(population: int, marked: int, sample: int) -> None:
    sample, marked = min(sample, population), min(marked, population)
    for found in range(max(0, sample + marked - population), min(sample, marked) + 1):
        one = count_interval(found, sample, population, 0.1)
        assert found <= one.low <= one.value <= one.high <= population - sample + found


@pytest.mark.parametrize("share", [0.002, 0.02, 0.3, 0.9])
def test_sums_over_messages_are_held_as_often_as_said(share: float) -> None:
    generator = np.random.default_rng(5)
    sizes = np.minimum(2 + generator.geometric(0.25, 20_000), 60).astype(float)
    found = np.where(generator.random(20_000) < share, np.ceil(sizes * generator.random(20_000)), 0.0)
    total, held = int(found.sum()), 0
    for _ in range(300):
        drawn = generator.choice(20_000, 800, replace=False)
        one = sum_interval(found[drawn], sizes[drawn], 20_000, int(sizes.sum()), 0.05)
        held += one.low <= total <= one.high
    assert held >= 280  # 285 expected of 95%


def test_the_gamma_distribution_is_right() -> None:
    for shape in (0.3, 1.0, 7.5, 150.0, 5000.0):
        for level in (0.001, 0.025, 0.5, 0.975, 0.999):
            quantile = gamma_quantile(level, shape, shape)
            if shape < 500:
                assert gamma_below(shape, quantile) == pytest.approx(level, rel=2e-3, abs=1e-6)
    assert gamma_quantile(0.975, 5000.0, 5000.0) == pytest.approx(5139.6, abs=1.0)


def test_a_draw_is_even_over_the_input() -> None:
    places = draw(np.arange(100_000, dtype=np.uint64), 10_000, 1)
    parts = np.histogram(places, bins=10, range=(0, 100_000))[0]
    assert parts.min() > 880
    assert parts.max() < 1120


def test_what_was_carried_beside_the_sample_is_not_counted() -> None:
    rows = pl.DataFrame({"conversation": pl.Series([0, 0, 1, 2], dtype=pl.UInt32)})
    assert of_sample(rows, np.array([4, 7, 9]), np.array([4, 9]))["conversation"].to_list() == [0, 0, 2]
