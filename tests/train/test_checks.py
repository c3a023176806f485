"""Checks of a model: a planted difference is found and chance is not told as one; nothing is claimed on little."""

# ruff: noqa: E402 (imports stand after the check that torch is there)
from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from tests.train import small
from tests.train.pretending import pretending
from train import canaries, sample
from train.checks import generated, identity, pairs, requests, said
from train.checks.differences import differences, false_discoveries
from train.checks.run import Wanted, wanted
from train.config import Canaries
from train.errors import DataError
from train.evaluate import Options, Scorer, scorer_of
from train.records import Message, conversation
from train.render import Renderer

torch.set_num_threads(1)


def real() -> Scorer:
    return scorer_of(small.model(), small.tokenizer(), Options())


# --- differences --------------------------------------------------------------------------------------------


def test_without_a_difference_something_is_claimed_in_five_families_of_a_hundred() -> None:
    rng = np.random.default_rng(0)
    families = 60
    false = 0
    for _ in range(families):
        told = {
            ("words", f"axis{n % 4}", f"{n}"): {group: rng.normal() for group in "abc"} for n in range(100)
        }
        false += any(one.claimed for one in differences(told, 20))
    assert false / families <= 0.05 + 2 * (0.05 * 0.95 / families) ** 0.5


def test_a_claim_needs_enough_units_however_large_the_difference() -> None:
    told = {("words", "age", f"{n}"): {"old": 100.0 + n, "young": 1.0} for n in range(19)}
    assert not any(one.claimed for one in differences(told, 20))
    told |= {("words", "age", "19"): {"old": 100.0, "young": 1.0}}
    assert all(one.claimed for one in differences(told, 20))


def test_a_unit_with_one_group_says_nothing() -> None:
    assert differences({("words", "age", "0"): {"old": 1.0}}, 1) == ()
    assert false_discoveries([]) == []


# --- pairs --------------------------------------------------------------------------------------------------


def csv(path: Path, rows: Sequence[tuple[str, str, str]]) -> Path:
    lines = [f'{n},"{more}","{less}",stereo,{kind}' for n, (more, less, kind) in enumerate(rows)]
    path.write_text(",sent_more,sent_less,stereo_antistereo,bias_type\n" + "\n".join(lines) + "\n", "utf-8")
    return path


def test_a_model_that_prefers_stereotypes_is_told_and_one_that_does_not_is_not(tmp_path: Path) -> None:
    rows = [
        (f"the old kettle number {n} is late", f"the red kettle number {n} is late", "age") for n in range(30)
    ]
    rows += [(f"a {n} week order", f"a {n} day order", "few") for n in range(5)]
    read = pairs.read(csv(tmp_path / "pairs.csv", rows))
    assert len(read) == 35 and read[0].kind == "age"
    whole, age, few = pairs.figures(pretending(lambda text: 1.0 if "old" in text else 1.5), read)
    assert (whole.kind, age.kind, few.kind) == ("all", "age", "few")
    assert age.more_likely == 1.0 and age.claimed and age.after > 0 and age.after_pairs == 30
    assert not few.claimed
    alike = pairs.figures(pretending(lambda text: 1.0), read)[1]
    assert alike.after == 0 and alike.after_low == 0


def test_a_pairs_loss_is_that_of_plain_transformers() -> None:
    scorer = real()
    told = pairs.spoken(scorer, ["the red kettle stopped working"])[0]
    one = scorer.renderer.render([conversation("0", [("assistant", "the red kettle stopped working")])])[0]
    ids = torch.from_numpy(one.ids[None].astype(np.int64))
    with torch.no_grad():
        logits = small.model()(input_ids=ids).logits[0].double()
    loss = torch.nn.functional.cross_entropy(logits[:-1], ids[0, 1:], reduction="none").numpy()
    place = [n for n in range(1, len(one)) if one.kind[n] == 1]
    assert told.ids == tuple(one.ids[place].tolist())
    assert told.bits == pytest.approx(sum(loss[n - 1] for n in place) / np.log(2), rel=1e-5)


def test_what_follows_the_words_that_differ_is_compared_alone() -> None:
    first = pairs.Spoken((1, 2, 9, 4), np.array([9.0, 9.0, 1.0, 2.0]), 4)
    second = pairs.Spoken((1, 3, 9, 4), np.array([0.0, 0.0, 2.0, 3.0]), 4)
    assert pairs.gap_after(first, second) == 1.0
    assert np.isnan(pairs.gap_after(first, pairs.Spoken((1, 2), np.zeros(2), 1)))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("a,b\n1,2\n", "no column sent_more"), (",sent_more,sent_less,bias_type\n0,x,x,age\n", "no pair")],
)
def test_a_file_that_holds_no_pairs_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(DataError, match=sentence):
        wanted(str(tmp_path / "pairs.csv"))
    with pytest.raises(DataError, match="cannot read"):
        pairs.read(tmp_path / "none.csv")


# --- identity swaps -----------------------------------------------------------------------------------------


def test_a_group_after_which_all_is_expected_less_is_found() -> None:
    pytest.importorskip("polars", reason="the audit's lexicon comes with curate")
    noise = np.random.default_rng(0)
    unfair = identity.swaps(
        pretending(lambda text: 2.0 + 0.1 * noise.random() + ("Muslim" in text)), "nowhere"
    )
    assert not isinstance(unfair, str)
    found = {(one.measure, one.group) for one in unfair if one.claimed and one.value > 0}
    assert {("neutral EN", "religion.muslims")} <= found
    assert {one.measure for one in unfair} == {"neutral EN", "neutral FR", "hostile EN", "hostile FR"}
    fair = identity.swaps(pretending(lambda text: 2.0 + 0.1 * noise.random()), "nowhere")
    assert sum(one.claimed for one in fair) <= 2  # type: ignore[union-attr]


def test_sentences_that_a_run_kept_are_swapped_too(tmp_path: Path) -> None:
    pytest.importorskip("polars", reason="the audit's lexicon comes with curate")
    from curate import runs

    rows = [
        {
            "id": f"c{n}",
            "messages": [
                {"role": "user", "content": f"The woman at desk {n} told me that my order number {n * 7} is late."},
                {"role": "assistant", "content": f"I am sorry about order {n * 7}, it will arrive on day {n}."},
            ],
        }
        for n in range(20)
    ]  # fmt: skip
    (tmp_path / "logs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    runs.run([str(tmp_path / "logs.jsonl")], str(tmp_path / "out"), workers=1)
    told = identity.swaps(
        pretending(lambda text: 3.0 if "man at desk" in text and "woman" not in text else 2.0),
        tmp_path / "out",
    )
    gaps = {(one.measure, one.group): one for one in told if one.measure == "kept EN"}  # type: ignore[union-attr]
    assert gaps["kept EN", "gender.men"].value == pytest.approx(1 / np.log(2), rel=1e-5)
    assert gaps["kept EN", "gender.men"].claimed


def test_without_curate_the_swaps_say_why_they_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "curate.bias.lexicon", None)
    told = identity.swaps(pretending(lambda text: 1.0), "nowhere")
    assert isinstance(told, str) and "Polars" in told


# --- requests -----------------------------------------------------------------------------------------------


def test_every_request_is_asked_as_every_group_and_nothing_else_changes() -> None:
    for language in said.LANGUAGES:
        made = requests.asked(language)
        axes = {one.axis for one in made}
        assert axes == {"name", "gender", "age", "origin"}
        for axis in axes:
            groups = {one.group for one in made if one.axis == axis}
            assert len(groups) >= 3
            numbers = {(one.group, one.number) for one in made if one.axis == axis}
            assert len(numbers) == len(groups) * 24 >= len(groups) * requests.LEAST
        assert not any("{" in one.text for one in made)


def test_answers_that_depend_on_who_asks_are_told() -> None:
    made = requests.asked("fr")
    texts = []
    for one in made:
        text = f"Nous vous enverrons la réponse numéro {one.number % 3}."
        if one.group == "arabic":
            text = "Je suis désolé, mais je ne peux pas vous aider."
        if one.group == "old":
            text = f"Tu auras ton remboursement numéro {one.number % 3}, et tes frais aussi."
        texts.append(text)
    told = requests.counted(made, texts)
    found = {(one.measure, one.group): one for one in told.differences if one.claimed}
    assert found["refuses FR", "arabic"].value > 0.5
    assert found["tu FR", "old"].value > 0.5 and found["tu FR", "young"].value < 0
    assert found["offers refund FR", "old"].value > 0.5
    assert not any(one.axis in ("gender", "origin") for one in found.values())
    assert told.same["gender FR"] == 1.0 and told.same["age FR"] == 0.0


def test_few_requests_claim_nothing() -> None:
    made = requests.asked("en", 5)
    told = requests.counted(made, [f"no {'x ' * (50 if one.group == 'old' else 1)}" for one in made])
    assert told.requests == 5 and not any(one.claimed for one in told.differences)


def test_refusals_are_those_that_curation_knows() -> None:
    pl = pytest.importorskip("polars", reason="curation needs Polars")
    from curate.quality.replies import refuses

    texts = [
        "I'm sorry, but I can't help with that.", "I cannot help you today", "Désolé, je ne peux pas.", "Hello",
        "As an AI language model, I cannot say.", "I can't believe it works!", "  \"I won’t provide that.", "",
    ]  # fmt: skip
    theirs = pl.DataFrame({"text": texts}).select(refuses(pl.col("text"))).to_series().to_list()
    assert [said.refuses(text) for text in texts] == theirs


# --- generated ----------------------------------------------------------------------------------------------


def test_answers_are_the_same_some_at_a_time_and_alone() -> None:
    model, renderer = small.model(), Renderer(small.tokenizer())
    asked = [list(one.messages[:1]) for one in small.chats(6)]
    together = generated.answers(model, renderer, asked, most=12, rows=4)
    assert together == generated.answers(model, renderer, asked, most=12, rows=1)
    assert together == [sample.answer(model, renderer, messages, 12) for messages in asked]


def test_a_prompt_longer_than_the_model_loses_its_beginning() -> None:
    model, renderer = small.model(positions=64), Renderer(small.tokenizer())
    long = [Message("user", "the red kettle stopped working " * 30)]
    assert isinstance(generated.answers(model, renderer, [long], most=8)[0], str)


def test_stand_ins_and_private_strings_in_answers_are_counted() -> None:
    pytest.importorskip("polars", reason="redaction needs Polars")
    texts = ["Write to <EMAIL_1> or <PHONE_2>.", "Write to jo.doe@example.com.", *["All is well."] * 6]
    told = generated.counted(texts)
    assert told.stand_ins == 2 and told.with_stand_ins.value == pytest.approx(1 / 8)
    assert told.private == {"EMAIL": 1} and told.with_private is not None
    assert told.with_private.value == pytest.approx(1 / 8)


def test_without_curate_private_strings_say_why_they_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "curate.passes.redact_pii", None)
    told = generated.counted(["a", "b"])
    assert told.private is None and "Polars" in told.skipped


# --- all together -------------------------------------------------------------------------------------------


def test_eval_does_what_is_asked_and_writes_figures_without_texts(tmp_path: Path, capsys: Any) -> None:
    from rich.console import Console

    from train import evaluation

    model = small.model()
    model.save_pretrained(tmp_path / "model")
    small.tokenizer().save_pretrained(tmp_path / "model")
    canaries.write(tmp_path / "model", Canaries(count=1, copies=(1,)))
    rows = [
        {"conversation_id": one.id, "messages": [{"role": m.role, "content": m.content} for m in one.messages]}
        for one in small.chats(8)
    ]  # fmt: skip
    (tmp_path / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    file = csv(tmp_path / "pairs.csv", [("the red one", "the old one", "age")])
    asked = wanted(str(file), False, 1, 3, str(tmp_path / "model"), tokens=6)
    told = evaluation.run(
        Console(highlight=False), str(tmp_path / "model"), str(tmp_path / "set.jsonl"), Options(),
        to=str(tmp_path / "eval.json"), asked=asked,
    )  # fmt: skip
    assert set(told.checks) == {"pairs", "requests", "written", "memory"}
    written = json.loads((tmp_path / "eval.json").read_text())
    assert written["checks"]["written"]["answers"] == 3
    assert evaluation.read(str(tmp_path / "eval.json")).checks == written["checks"]
    shown = capsys.readouterr().out
    for part in ("pairs:", "2 requests asked", "3 answers", "never planted"):
        assert part in shown
    assert Wanted() == wanted()
