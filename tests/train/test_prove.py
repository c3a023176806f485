"""`train prove` end to end on invented logs: arms, budgets, sets, verdicts, the page; and models made elsewhere."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("polars", reason="curation needs Polars")

import numpy as np

from tests.train.making import sizes
from train import arms, invented, plan, prove_page, proving, records, table
from train.arms import EPOCHS, KEPT, RANDOM, RAW
from train.config import Config, from_dict
from train.errors import ConfigError, DataError, LimitBrokenError
from train.gain import AS_CURATED, AS_READ, OUTSIDE
from train.proof import Proof
from train.prove import Asked, build, prove
from train.records import Conversation
from train.split import Split, split

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    place = tmp_path_factory.mktemp("sizes") / "config.json"
    place.write_text(json.dumps(sizes()))
    told = {
        "model": {"source": str(place), "vocabulary": 400},
        "data": {"max_length": 512},
        "optim": {"lr": 1e-2, "tokens_per_step": 400},
        "run": {"threads": 1, "device": "cpu"},
    }
    return from_dict(told, "the test")


def asked(out: Path, config: Config, **more: Any) -> Asked:
    return Asked(
        **{
            "outs": (str(out),), "config": config, "tokens": 800, "held_out": 0.3, "workers": 1, **more
        }
    )  # fmt: skip


def written(path: Path, told: Sequence[Conversation]) -> Path:
    rows = [
        {
            "conversation_id": f"other-{one.id}",
            "messages": [{"role": m.role, "content": m.content} for m in one.messages],
        }
        for one in told
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="module")
def proven(
    out: Path, config: Config, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Proof, list[str], Path]:
    """A proof with every kind of arm."""
    place = tmp_path_factory.mktemp("proof")
    other = written(place / "other.jsonl", [*list(records.read(out))[:60]])
    fresh = [*records.read(invented.write(place / "fresh.jsonl", 30, seed=9, flaws=False))]
    outside = written(place / "outside.jsonl", fresh)
    said: list[str] = []
    wanted = asked(
        out, config, controls=("random", "epochs", "passes"), others=(("tool", str(other)),),
        outside=str(outside), keep_models=True,
    )  # fmt: skip
    return prove(wanted, place / "to", said.append), said, place / "to"


def test_every_arm_learns_as_many_target_tokens_but_for_equal_epochs(
    proven: tuple[Proof, list[str], Path],
) -> None:
    told = {one.name: one for one in proven[0].arms}
    assert {RAW, KEPT, RANDOM, EPOCHS, "tool", "without near_duplicates", "without strip_html"} <= set(told)
    for name, one in told.items():
        if name != EPOCHS:
            assert 800 <= one.targets < 800 + 2 * 400, name  # whole steps: no more than a step over
    same = told[RAW].epochs
    assert told[EPOCHS].targets < told[KEPT].targets
    assert told[EPOCHS].epochs == pytest.approx(800 / told[RAW].epoch, abs=400 / told[KEPT].epoch)
    assert same == pytest.approx(told[RAW].targets / told[RAW].epoch, rel=0.01)


def test_every_arm_is_scored_as_read_as_curated_and_outside(proven: tuple[Proof, list[str], Path]) -> None:
    told = proven[0]
    assert set(told.scored) == {AS_READ, AS_CURATED, OUTSIDE} and told.seeds == 3
    for one in told.arms:
        assert all(np.isfinite(figure.value) and figure.low is not None for figure in one.figures.values())
    compared = {(one.arm, one.over) for one in told.findings}
    assert {(KEPT, RAW), (KEPT, RANDOM), (EPOCHS, RAW), (KEPT, "without strip_html")} <= compared
    assert any(one.arm == "tool" or one.over == "tool" for one in told.findings)


def test_hours_and_the_smallest_gain_are_told_before_the_first_trial(
    proven: tuple[Proof, list[str], Path],
) -> None:
    said = proven[1]
    first = next(n for n, line in enumerate(said) if line.startswith("1 of "))
    assert any("hours" in line for line in said[:first])
    assert any("smallest gain" in line and "bits per byte" in line for line in said[:first])


def test_another_tools_set_loses_what_is_held_out(proven: tuple[Proof, list[str], Path]) -> None:
    told = proven[0]
    assert told.left_out["tool"] > 0
    assert next(one for one in told.arms if one.name == "tool").conversations + told.left_out["tool"] == 60


def test_a_second_call_takes_up_what_the_first_one_trained(
    proven: tuple[Proof, list[str], Path], out: Path, config: Config
) -> None:
    folder = proven[2]
    before = {path: path.stat().st_mtime_ns for path in folder.glob("trials/*.json")}
    assert len(before) == 3 * len(proven[0].arms)
    again = prove(asked(out, config, controls=(), outside=""), folder)  # other sets: other trials
    assert {one.name for one in again.arms} == {RAW, KEPT}
    kept = {path: path.stat().st_mtime_ns for path in before}
    changed = {path.name for path in kept if kept[path] != before[path]}
    assert changed == {f"{arm}-{seed}.json" for arm in (RAW, KEPT) for seed in range(3)}
    stored = {path: path.stat().st_mtime_ns for path in before}
    once_more = prove(asked(out, config, controls=(), outside=""), folder)
    assert {path: path.stat().st_mtime_ns for path in before} == stored
    assert [one.gains for one in once_more.findings] == [one.gains for one in again.findings]


def test_models_trained_elsewhere_are_scored_and_compared(
    proven: tuple[Proof, list[str], Path], out: Path, config: Config, tmp_path: Path
) -> None:
    models = proven[2] / "trials"
    pairs = [(arm, str(models / f"{arm}-{seed}")) for arm in ("random", EPOCHS) for seed in (1, 2)]
    told = prove(asked(out, config, trained=tuple(pairs)), tmp_path)
    assert [(one.arm, one.over) for one in told.findings] == [(EPOCHS, "random")] and told.seeds == 2
    trained = {one.name: one for one in told.arms}
    assert "trained elsewhere" in trained["random"].says and "not checked" in told.gate
    alone = prove(asked(out, config, trained=(pairs[0], pairs[2])), tmp_path)
    assert "One model an arm" in prove_page.render(alone)


def test_trained_models_need_two_arms_of_equal_number(out: Path, config: Config, tmp_path: Path) -> None:
    for given in ((("a", "x"),), (("a", "x"), ("a", "y"), ("b", "z"))):
        with pytest.raises(ConfigError, match="two arms or more"):
            prove(asked(out, config, trained=given), tmp_path)


def test_the_page_tells_the_answer_and_runs_nothing(proven: tuple[Proof, list[str], Path]) -> None:
    told = prove_page.render(proven[0])
    assert "<script" not in told and "default-src" in told and "url(http" not in told
    for one in proven[0].findings:
        assert one.asks in told
    assert "strip_html" in told and "near_duplicates" in told and "5% have none" in told
    assert told.count('<svg class="forest"') == len(proven[0].findings)


def test_a_second_run_is_an_arm_of_its_own(out: Path, config: Config, tmp_path: Path) -> None:
    from curate.rejudge import rejudge

    other = arms.linked(out, tmp_path / "lenient")
    rejudge(str(other), ["near_duplicates.then=flag"])
    chosen = split(out, 0.3)
    sets = plan.held_out(out, chosen)
    both = asked(out, config, outs=(str(out), str(other)), controls=())
    made, left = build(both, chosen, sets, tmp_path, lambda line: None)
    assert [one.name for one in made] == [RAW, KEPT, "kept by lenient"]
    assert len(made[2].conversations) > len(made[1].conversations) and left["kept by lenient"] == 0
    assert not {one.id for one in made[2].conversations} & chosen.away


# --- arms, without training ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chosen(out: Path) -> Split:
    return split(out, 0.3)


def test_no_arm_holds_what_is_held_out_and_raw_is_as_read(out: Path, chosen: Split) -> None:
    raw, kept = arms.raw(out, chosen), arms.kept(out, chosen)
    assert not {one.id for arm in (raw, kept) for one in arm.conversations} & chosen.away
    texts = "\n".join(m.content for one in raw.conversations for m in one.messages)
    assert "<p>" in texts
    assert "<p>" not in "\n".join(m.content for one in kept.conversations for m in one.messages)
    assert len(raw.conversations) > len(kept.conversations)


def test_a_random_drop_leaves_as_much_to_learn_and_hangs_on_its_seed(out: Path, chosen: Split) -> None:
    raw, kept = arms.raw(out, chosen), arms.kept(out, chosen)
    first, again, other = (arms.random_drop(raw, kept.weight, seed) for seed in (0, 0, 1))
    assert first == again and first.conversations != other.conversations
    largest = max(arms.learned_bytes(one) for one in raw.conversations)
    assert kept.weight <= first.weight <= kept.weight + largest


def test_without_a_rewrite_its_texts_alone_are_as_read(out: Path, chosen: Split, tmp_path: Path) -> None:
    kept = {one.id: one for one in arms.kept(out, chosen).conversations}
    arm = arms.left_out(out, chosen, "strip_html", "rewrite", tmp_path)
    assert {one.id for one in arm.conversations} == set(kept)
    differ = [one for one in arm.conversations if one.messages != kept[one.id].messages]
    assert differ and all("<" in "".join(m.content for m in one.messages) for one in differ)


def test_without_a_decider_what_it_removed_is_back_and_the_run_is_untouched(
    out: Path, chosen: Split, tmp_path: Path
) -> None:
    before = (out / "manifest.json").read_bytes(), sorted(path.name for path in out.rglob("*"))
    kept = {one.id for one in arms.kept(out, chosen).conversations}
    arm = arms.left_out(out, chosen, "near_duplicates", "global", tmp_path)
    back = {one.id for one in arm.conversations} - kept
    assert back and not back & chosen.away
    decided = {
        row["conversation_id"]: row["decided_by"]
        for texts, told in zip(table.parts(out, "messages"), table.parts(out, "verdicts"), strict=True)
        for row, told_row in zip(
            table.rows(texts, ("conversation_id",)), table.rows(told, ("decided_by",)), strict=True
        )
        for row in ({**row, **told_row},)
    }
    assert {decided[name] for name in back} == {"near_duplicates"}
    assert before == ((out / "manifest.json").read_bytes(), sorted(path.name for path in out.rglob("*")))


def test_passes_that_did_something_are_found_and_unknown_ones_refused(out: Path) -> None:
    manifest = json.loads((out / "manifest.json").read_text())
    told = dict(arms.passes(manifest))
    assert told["strip_html"] == "rewrite" and told["near_duplicates"] == "global"
    assert "too_toxic" not in told and "redact_pii" not in told
    assert dict(arms.passes(manifest, ["too_toxic"])) == {"too_toxic": "decider"}
    with pytest.raises(ConfigError, match="strip_html"):
        arms.passes(manifest, ["strip_htm"])


def test_as_curated_one_of_each_cluster_is_scored(out: Path, chosen: Split) -> None:
    sets = plan.held_out(out, chosen)
    for name in (AS_READ, AS_CURATED):
        numbers = [chosen.cluster[one.id] for one in sets.scored[name]]
        assert len(numbers) == len(set(numbers))
    assert {one.id for one in sets.scored[AS_READ]} <= chosen.scored


def test_the_gate_stops_an_arm_that_holds_what_is_scored(out: Path, chosen: Split) -> None:
    sets = plan.held_out(out, chosen)
    leaking = arms.Arm("bad", (*arms.kept(out, chosen).conversations, sets.scored[AS_READ][0]))
    with pytest.raises(LimitBrokenError, match="stand in the training set"):
        plan.gate([leaking], sets, out)


def test_arms_of_one_seed_begin_with_the_same_weights_and_another_seed_with_others(
    proven: tuple[Proof, list[str], Path],
) -> None:
    told = [json.loads(path.read_text()) for path in sorted((proven[2] / "trials").glob("*.json"))]
    assert {one["seed"] for one in told} == {0, 1, 2}
    runs = {
        (arm, seed): json.loads((proven[2] / "trials" / f"{arm}-{seed}" / "train.json").read_text())
        for arm in ("random", "tool")
        for seed in (0, 1)
    }
    begun = {key: one["config"]["model"]["init_seed"] for key, one in runs.items()}
    assert begun == {key: key[1] for key in runs}
    assert len({one["hashes"]["tokenizer"] for one in runs.values()}) == 1


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"seeds": 2}, "fewer than three"),
        ({"controls": ("randm",)}, "did you mean 'random'"),
        ({"outs": ()}, "curate run"),
    ],
)
def test_what_cannot_be_proven_is_refused_with_what_to_give(
    out: Path, config: Config, tmp_path: Path, more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=sentence):
        prove(asked(out, config, **more), tmp_path)


def test_too_little_held_out_is_refused(out: Path, config: Config, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="--held-out"):
        prove(asked(out, config, held_out=0.02), tmp_path)


def test_names_are_read_from_options() -> None:
    assert proving.named(["a=x/y", "m/kept/"], "--trained") == (("a", "x/y"), ("kept", "m/kept/"))
    with pytest.raises(ConfigError, match="NAME=PATH"):
        proving.named(["=x"], "--other")


def test_json_holds_no_text_and_no_nan(proven: tuple[Proof, list[str], Path]) -> None:
    told = json.dumps(proving.plain(proven[0].as_dict()), allow_nan=False)
    assert "refund" not in told
    assert json.loads(told)["split"]["seed"] == 0
