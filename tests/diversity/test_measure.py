"""What a run says of its diversity: effective numbers, what passes did, what to collect, the traffic to come."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from curate import rejudge, runs
from curate.diversity import facts
from curate.diversity.advice import to_collect
from curate.diversity.examine import measure
from curate.diversity.facts import DiversityFacts, Settings
from curate.diversity.numbers import change, effective
from curate.diversity.reference import compare
from curate.diversity.vendi import score
from curate.errors import InputError

sys.path.insert(0, str(Path(__file__).parent))

from test_topics import SUBJECTS, bench, talks

RARE = "telescope galaxy comet orbit planet nebula"
RECIPE = """
name = "t"
[[pass]]
use = "decide_when"
name = "no_music"
condition = "{condition}"
[[pass]]
use = "exact_duplicates"
"""
SHARES = np.array([0.324, 0.324, 0.324, 0.028])


def lines(pairs: list[tuple[str, str]], name: str = "c") -> str:
    made = []
    for number, pair in enumerate(pairs):
        said = [
            {"role": role, "content": text} for role, text in zip(("user", "assistant"), pair, strict=True)
        ]
        made.append(json.dumps({"id": f"{name}{number:04d}", "messages": said}))
    return "\n".join(made) + "\n"


@pytest.fixture(scope="module")
def planted() -> tuple[list[tuple[str, str]], np.ndarray, str]:
    """1600 conversations of three common subjects and a rare one, their labels, how the third is told."""
    rows, labels, _ = bench.corpus(bench.Planted(topics=4, conversations=1600), 12, SHARES)
    texts = rows["text"].to_list()
    pairs = list(zip(texts[::2], texts[1::2], strict=True))
    said = [set(" ".join(pair).split()) for pair in pairs]

    def excess(word: str) -> float:
        holds = np.array([word in one for one in said])
        return float(holds[labels == 2].mean() - holds[labels != 2].mean())

    best = sorted(set.union(*said), key=lambda word: (-excess(word), word))[:4]
    return pairs, labels, " OR ".join(f"text LIKE '%{word}%'" for word in best)


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, planted: tuple[list[tuple[str, str]], np.ndarray, str]
) -> runs.Run:
    """A run with a rule that takes most of one subject, and 60 copies of a conversation of another."""
    folder = tmp_path_factory.mktemp("measure")
    pairs, labels, condition = planted
    words = condition.split("%")[1::2]
    free = (n for n, pair in enumerate(pairs) if not any(word in text for word in words for text in pair))
    first = next(number for number in free if labels[number] == 0)
    (folder / "logs.jsonl").write_text(lines([*pairs, *[pairs[first]] * 60]))
    (folder / "r.toml").write_text(RECIPE.format(condition=condition))
    return runs.run(folder / "logs.jsonl", folder / "out", folder / "r.toml")


@pytest.fixture(scope="module")
def found(run: runs.Run) -> DiversityFacts:
    return measure(run)


def topic_of(run: runs.Run, planted: tuple[list[tuple[str, str]], np.ndarray, str], label: int) -> str:
    """The name of the topic that a planted one came back as."""
    told = pl.read_parquet(run.storage.path("topics/part-*.parquet"))["name"][: len(planted[1])]
    return str(told.filter(pl.Series(planted[1] == label)).mode().item())


def test_each_pass_is_told_with_what_it_did_in_recipe_order(found: DiversityFacts) -> None:
    steps = [one for one in found.steps if one.kind == "topic"]
    assert [one.by for one in steps] == ["no_music", "exact_duplicates"]
    lost, copies = steps
    assert lost.claimed
    assert lost.change.high < 1
    assert copies.removed == 60
    assert copies.change.low < copies.change.ratio < copies.change.high
    assert steps[1].before == pytest.approx(lost.after.value)
    kept = next(one for one in found.dimensions if one.kind == "topic")
    assert kept.read.n - found.unplaced <= found.conversations
    assert kept.kept is not None
    assert kept.kept.value == pytest.approx(copies.after.value)


def test_a_slice_that_a_pass_took_is_told_with_the_pass_and_a_rare_one_with_a_number(
    run: runs.Run, found: DiversityFacts, planted: tuple[list[tuple[str, str]], np.ndarray, str]
) -> None:
    told = {one.name: one for one in found.advice if one.kind == "topic"}
    music, space = (told[topic_of(run, planted, label)] for label in (2, 3))
    assert (music.reason, music.by) == ("removed", "no_music")
    assert (space.reason, space.by) == ("few", "")
    assert space.wanted > 0
    whole = sum(one.kept for one in found.slices if one.kind == "topic")
    share = (space.kept + space.wanted) / (whole + space.wanted)
    assert share == pytest.approx(Settings().goal * space.fair, rel=0.1)


def test_the_twin_has_a_version_no_number_that_is_none_and_is_the_same_again(
    run: runs.Run, found: DiversityFacts
) -> None:
    stored = run.storage.read(facts.NAME)
    told = json.loads(stored, parse_constant=lambda name: pytest.fail(name))
    assert (told["format"], told["version"]) == ("tamis-diversity", 1)
    measure(run)
    assert run.storage.read(facts.NAME) == stored


def test_rejudge_keeps_the_topics_and_counts_anew(tmp_path: Path) -> None:
    (tmp_path / "logs.jsonl").write_text(lines(talks(SUBJECTS, 300)))
    (tmp_path / "r.toml").write_text(RECIPE.format(condition="text LIKE '%guitar%'"))
    run = runs.run(tmp_path / "logs.jsonl", tmp_path / "out", tmp_path / "r.toml")
    before = measure(run)
    model = run.storage.read("topics/model.json")
    rejudge.rejudge(run.out, ["no_music.then=flag"])
    after = measure(run)
    assert run.storage.read("topics/model.json") == model
    assert after.kept > before.kept
    assert [one.name for one in after.topics] == [one.name for one in before.topics]


def test_the_traffic_to_come_is_compared_and_leaves_nothing_but_counts(tmp_path: Path) -> None:
    (tmp_path / "logs.jsonl").write_text(lines(talks(SUBJECTS, 400)))
    (tmp_path / "r.toml").write_text('name = "all"\n[[pass]]\nuse = "exact_duplicates"\n')
    run = runs.run(tmp_path / "logs.jsonl", tmp_path / "out", tmp_path / "r.toml")
    found = measure(run)
    other = talks((*SUBJECTS[:2], RARE), 400)
    (tmp_path / "traffic.jsonl").write_text(lines(other, "t"))
    before = {path.name for path in Path(run.out).rglob("*")}
    told = compare(run, [str(tmp_path / "traffic.jsonl")], found, workers=1)
    assert {path.name for path in Path(run.out).rglob("*")} == before
    assert told.reference
    far = {one.kind: one for one in told.reference.divergences}
    assert far["topic"].claimed
    assert far["topic"].low > 0
    assert not far["turns"].claimed
    first = told.advice[0]
    assert (first.reason, first.kind) == ("reference", "topic")
    assert set(first.name.split(" · ")) <= set(RARE.split())
    assert b"t0001" not in run.storage.read(facts.NAME)


def test_traffic_of_the_same_source_raises_no_alarm(run: runs.Run, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text('name = "all"\n[[pass]]\nuse = "exact_duplicates"\n')
    alarms = 0
    for seed in range(3):
        random = np.random.default_rng(seed)
        pairs = talks(SUBJECTS, 900)
        order = random.permutation(len(pairs)).tolist()
        (tmp_path / f"a{seed}.jsonl").write_text(lines([pairs[i] for i in order[:450]]))
        (tmp_path / f"b{seed}.jsonl").write_text(lines([pairs[i] for i in order[450:]]))
        made = runs.run(tmp_path / f"a{seed}.jsonl", tmp_path / f"out{seed}", tmp_path / "r.toml")
        told = compare(made, [str(tmp_path / f"b{seed}.jsonl")], measure(made), workers=1)
        assert told.reference
        alarms += sum(one.claimed for one in (*told.reference.divergences, *told.reference.slices))
    assert alarms == 0


def test_a_reference_that_is_not_there_is_refused(run: runs.Run, found: DiversityFacts) -> None:
    with pytest.raises(InputError, match=r"nowhere\.jsonl"):
        compare(run, ["nowhere.jsonl"], found, workers=1)


def test_a_run_that_keeps_nothing_has_facts_too(tmp_path: Path) -> None:
    (tmp_path / "logs.jsonl").write_text(lines(talks(SUBJECTS[:1], 30)))
    (tmp_path / "r.toml").write_text(
        'name = "none"\n[[pass]]\nuse = "decide_when"\nname = "all"\ncondition = "turn >= 0"\n'
    )
    found = measure(runs.run(tmp_path / "logs.jsonl", tmp_path / "out", tmp_path / "r.toml"))
    assert (found.kept, found.vendi, found.advice) == (0, (), ())
    assert all(one.kept is None for one in found.dimensions)


def test_the_effective_number_of_equal_kinds_is_their_number_and_of_one_is_one() -> None:
    equal = effective(np.tile(np.arange(7), 300), np.arange(2100))
    one = effective(np.zeros(50, np.int64), np.arange(50))
    assert equal
    assert one
    assert equal.value == pytest.approx(7, abs=0.02)
    assert equal.low <= 7 <= equal.high
    assert (one.value, one.low, one.high) == (1, 1, 1)
    assert effective(np.array([-1, -1]), np.array([0, 1])) is None


def test_the_interval_of_an_effective_number_holds_the_truth_in_95_of_100() -> None:
    random = np.random.default_rng(4)
    shares = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
    truth = float(np.exp(bench.entropy(shares)))
    made = [effective(random.choice(5, 300, p=shares), np.arange(300)) for _ in range(400)]
    assert 0.92 <= np.mean([one.low <= truth <= one.high for one in made if one]) <= 0.98


def test_copies_widen_the_interval() -> None:
    codes = np.repeat([0, 1, 0, 2, 0, 0, 1, 0, 3, 0, 1, 0], 25)
    alone = effective(codes, np.arange(300))
    copied = effective(codes, np.arange(300) // 25)
    assert alone
    assert copied
    assert copied.high - copied.low > 2 * (alone.high - alone.low)


def test_removing_one_kind_is_a_change_and_removing_by_chance_is_none() -> None:
    random = np.random.default_rng(2)
    codes = random.integers(0, 5, 1000)
    every = np.ones(1000)
    lost = change(codes, np.arange(1000), every, (codes != 0).astype(float))
    thinned = change(codes, np.arange(1000), every, (random.random(1000) < 0.7).astype(float))
    assert lost
    assert thinned
    assert lost.high < 1
    assert thinned.low < 1 < thinned.high


def test_the_vendi_score_of_copies_is_that_of_one_of_each() -> None:
    distinct = np.eye(6)
    copied = np.kron(np.eye(6), np.ones((3, 3)))
    assert score(distinct) == pytest.approx(6)
    assert score(copied) == pytest.approx(6)


def test_what_is_asked_for_reaches_the_share() -> None:
    for kept, size, share in ((0, 1000, 0.1), (12, 400, 0.2), (99, 1000, 0.1)):
        more = to_collect(kept, size, share)
        assert (kept + more) / (size + more) >= share
