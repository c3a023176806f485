from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import polars as pl
import pytest
from invent import NOT_COVERED, conversations, row, write_part, write_run

from reports.facts import gather
from reports.pages import render_report
from reports.shapes import ReportError, RunFacts, from_json, to_json

sys.path.insert(0, str(Path(__file__).parents[1]))

import golden

GOLDEN = Path(__file__).parent / "golden.json"


def without_draws(facts: RunFacts) -> RunFacts:
    """The facts without what a hash draws, which may differ between releases of Polars."""
    passes = tuple(replace(one, examples=()) for one in facts.passes)
    return replace(facts, passes=passes, alarms=tuple(replace(one, examples=()) for one in facts.alarms))


def test_facts_are_the_golden_ones(run: Path) -> None:
    golden.agrees(json.loads(to_json(without_draws(gather(run)))), GOLDEN)


def test_counts_agree_with_a_plain_count_over_the_rows(run: Path) -> None:
    rows = list(conversations(92))
    facts = gather(run)
    ids = {one["conversation_id"] for one in rows}
    stay = {one["conversation_id"] for one in rows if one["verdict"] != "drop"}
    assert (facts.read.conversations, facts.read.messages) == (len(ids), len(rows))
    assert facts.kept.conversations == len(stay)
    assert facts.kept.messages == sum(one["verdict"] != "drop" for one in rows)
    assert facts.masked.messages == sum(one["verdict"] == "mask" for one in rows)
    assert facts.changed.messages == sum(one["changed_by"] is not None for one in rows)
    assert facts.flagged.messages == sum(
        one["flags"] is not None and one["verdict"] == "keep" for one in rows
    )


def test_every_sum_adds_up_to_what_was_read(run: Path) -> None:
    facts = gather(run)
    assert sum(one.took.conversations for one in facts.passes) == facts.removed.conversations
    assert sum(one.took.messages for one in facts.passes) == facts.removed.messages
    assert sum(facts.words.read) == facts.read.messages
    assert sum(facts.turns.kept) == facts.kept.conversations
    assert facts.toxicity and sum(facts.toxicity.read) == facts.read.messages
    for slices in facts.slices:
        assert sum(one.messages for one in slices.slices) == facts.read.messages
        for one in slices.slices:
            assert one.kept + one.masked + one.dropped == one.messages
            assert sum(count.count for count in one.dropped_by) == one.dropped


@pytest.mark.parametrize("parts", [1, 3, 7])
def test_facts_do_not_depend_on_the_cut_into_parts(run: Path, tmp_path: Path, parts: int) -> None:
    assert gather(write_run(tmp_path, parts=parts)) == gather(run)


def test_examples_show_the_deciding_message_itself(run: Path) -> None:
    toxic = next(one for one in gather(run).passes if one.name == "too_toxic")
    assert {example.evidence for example in toxic.examples} == {"toxicity 0.91 > 0.80"}


def test_names_and_key_given_to_redaction_stand_in_no_report(tmp_path: Path) -> None:
    options = {
        "kinds": ["email"],
        "names": ["Ada Planted"],
        "keep": ["kept@planted.example"],
        "key": "planted-key",
    }
    passes = [{"name": "redact_pii", "use": "redact_pii", "kind": "redaction", "options": options}]
    facts = gather(write_run(tmp_path, recipe={"name": "chat", "passes": passes}))
    assert facts.passes[-1].options == {"kinds": ["email"]}
    assert "planted" not in (to_json(facts).decode() + render_report(facts)).lower()


def test_what_was_only_flagged_is_shown_with_its_score(tmp_path: Path) -> None:
    out = write_run(tmp_path, 1, 1)
    write_part(out, 0, [row("a", 0, "assistant", "Hi", flags="too_toxic", toxicity=0.846)])
    toxic = next(one for one in gather(out).passes if one.name == "too_toxic")
    assert [example.evidence for example in toxic.examples] == ["toxicity 0.85 > 0.80"]


def test_a_decision_that_came_with_the_input_has_its_own_line(run: Path) -> None:
    first = gather(run).passes[0]
    assert (first.name, first.kind) == ("shared_branch", "input")
    assert first.masked.messages == sum(one["decided_by"] == "shared_branch" for one in conversations(92))
    assert first.examples


def test_of_a_conversation_that_two_passes_emptied_the_later_one_took_it(tmp_path: Path) -> None:
    out = write_run(tmp_path, 1, 1)
    gone = {"verdict": "drop", "evidence": "x"}
    rows = [
        row("a", 0, "user", "Hi", decided_by="too_toxic", **gone),
        row("a", 1, "assistant", "Yes", decided_by="wrong_language", **gone),
        row("b", 0, "user", "Hi"),
        row("b", 1, "assistant", "Yes", decided_by="too_toxic", **gone),
    ]
    write_part(out, 0, rows)
    facts = gather(out)
    took = {one.name: one.took for one in facts.passes if one.took.messages}
    assert (took["too_toxic"].conversations, took["too_toxic"].messages) == (1, 2)
    assert (took["wrong_language"].conversations, took["wrong_language"].messages) == (0, 1)
    assert (facts.removed.conversations, facts.trimmed) == (1, 1)


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        ("toxicity 0.91 > 0.80", "toxicity … > 0.80"),
        ("turn 3: toxicity 0.91 > 0.80", "toxicity … > 0.80"),
        ("near-duplicate of c17 (jaccard 0.91)", "near-duplicate of … (jaccard …)"),
        ("near-duplicate of my chat (2) (jaccard 0.91)", "near-duplicate of … (jaccard …)"),
        ("same as c 17", "same as …"),
        ("also in branch 1", "also in branch …"),
        ("echo of the user's 12 words", "echo of the user's … words"),
        ("turn 1: 0 assistant turns left to learn from", "0 assistant turns left to learn from"),
        ("language pt (0.98) not in en, fr", "language pt (…) not in en, fr"),
        ("words 1 <= 2", "words … <= 2"),
        ("language pt, allowed: en, fr", "language pt, allowed: en, fr"),
    ],
)
def test_reasons_group_evidence_by_its_wording(evidence: str, reason: str) -> None:
    from reports.tables import reason_shape

    assert pl.DataFrame({"evidence": [evidence]}).select(reason_shape()).item() == reason


def test_a_run_that_measured_nothing_has_a_report(tmp_path: Path) -> None:
    gone = ("language", "language_score", "toxicity", "pii", "pii_kinds", "words", "characters")
    facts = gather(write_run(tmp_path, without=gone))
    assert facts.toxicity is None
    assert sum(facts.words.read) == facts.read.messages
    assert [one.name for one in facts.slices[1].slices] == [""]
    assert facts.redacted.kinds == ()
    assert facts.redacted.touched.messages


def test_a_run_without_messages_has_a_report(tmp_path: Path) -> None:
    out = write_run(tmp_path, 1, 1)
    write_part(out, 0, [])
    assert gather(out).read.messages == 0
    for folder in ("messages", "verdicts"):
        (out / folder / "part-00000.parquet").unlink()
    (out / "quarantine.jsonl").unlink()
    facts = gather(out)
    assert (facts.read.messages, facts.unreadable.total) == (0, 0)


def test_values_are_counted_from_a_column_per_kind_too(tmp_path: Path) -> None:
    out = write_run(tmp_path, 1, 1)
    path = out / "messages" / "part-00000.parquet"
    frame = pl.read_parquet(path)
    frame.drop("pii_kinds").with_columns(
        pl.lit(2).alias("pii_email"), pl.lit(0).alias("pii_card")
    ).write_parquet(path)
    kinds = gather(out).redacted.kinds
    assert [(one.name, one.count) for one in kinds] == [("email", 2 * frame.height)]


def test_the_run_says_in_both_languages_what_redaction_misses(run: Path) -> None:
    assert list(gather(run).redacted.not_covered) == NOT_COVERED


def test_the_json_twin_gives_the_facts_back(run: Path) -> None:
    facts = gather(run)
    assert from_json(to_json(facts)) == facts


def test_another_version_of_the_twin_is_refused_with_the_next_step(run: Path) -> None:
    told = msgspec.json.decode(to_json(gather(run))) | {"version": 99}
    with pytest.raises(ReportError, match=r"version 99.*curate report"):
        from_json(msgspec.json.encode(told))


def test_a_folder_without_a_run_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="holds no finished run; 'curate run"):
        gather(tmp_path)


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    out = write_run(tmp_path)
    (out / "verdicts" / "part-00001.parquet").unlink()
    with pytest.raises(ReportError, match=r"part-00001\.parquet.*curate verify"):
        gather(out)


def test_verdicts_of_other_rows_are_refused_without_their_text(tmp_path: Path) -> None:
    out = write_run(tmp_path)
    path = out / "verdicts" / "part-00001.parquet"
    pl.read_parquet(path).head(3).write_parquet(path)
    with pytest.raises(ReportError, match=r"part-00001\.parquet.*curate verify") as told:
        gather(out)
    assert told.value.__cause__ is None
