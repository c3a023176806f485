"""Reasons in French: said by their structure; names, ids and conditions stay as they are."""

from __future__ import annotations

import ast
from pathlib import Path

import polars as pl
import pytest

from curate.passes.base import Decider
from curate.recipe import pass_class, registered
from reports.evidence import reason
from reports.words import load

ROOT = Path(__file__).parents[2]
FR = load("fr")
THIN = "\u202f"


@pytest.mark.parametrize(
    ("said", "french"),
    [
        ("toxicity 0.93 > 0.80", "toxicité 0,93 > 0,80"),
        ("turn 12: repetition 0.80 > 0.75", f"tour 12{THIN}: répétition 0,80 > 0,75"),
        ("same as chat 1.5", "identique à chat 1.5"),
        ("near-duplicate of a.b 2.0 (jaccard 0.91)", "quasi-doublon de a.b 2.0 (jaccard 0,91)"),
        ("near-duplicate of … (jaccard …)", "quasi-doublon de … (jaccard …)"),
        ("language de (0.98) not in fr, en", "langue de (0,98) hors de fr, en"),
        (
            "words 5120, toxicity 0.5; condition words > 4000.5 AND toxicity > 0.25",
            f"words 5120, toxicity 0,5{THIN}; condition words > 4000.5 AND toxicity > 0.25",
        ),
        (
            "'content' is a number, must be a string",
            f"«{THIN}content{THIN}» est un nombre, ce doit être un texte",
        ),
        ("something new 0.5 of 10.0.0.1", "something new 0,5 of 10.0.0.1"),
    ],
)
def test_a_reason_in_french(said: str, french: str) -> None:
    assert reason(said, FR) == french
    assert reason(said, load("en")) == said


def test_what_every_decider_says_has_its_french() -> None:
    values = {
        "toxicity": 0.9,
        "garbled": 0.9,
        "repetition": 0.9,
        "language": "de",
        "language_score": 0.9,
        "conversation_language": "de",
        "conversation_language_score": 0.9,
        "words": 12,
        "characters": 90,
        "role": "assistant",
        "parts": '{"attachments":[{"type":"image_url"}]}',
        "extra": "{}",
    }
    frame = pl.DataFrame({name: [value] for name, value in values.items()})
    for name in registered():
        cls = pass_class(name, "the registry")
        if issubclass(cls, Decider) and name != "decide_when":
            said = frame.select(cls().evidence().alias("said")).item()
            assert reason(said, FR) != said, name


def test_most_reasons_of_readers_have_their_french() -> None:
    known, unknown = [], []
    for path in sorted((ROOT / "curate" / "readers").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if not (named and node.func.id == "Unreadable" and node.args):  # type: ignore[attr-defined]
                continue
            said = sentence(node.args[0])  # type: ignore[attr-defined]
            if said:
                (unknown if reason(said, FR) == said else known).append(said)
    assert len(known) > 40
    assert len(known) > 4 * len(unknown), unknown


def sentence(node: ast.expr) -> str:
    """The sentence of a string or an f-string, "x" in its places; "" for anything else."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "x" for one in node.values)
    return ""
