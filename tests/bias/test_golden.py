"""The audit's facts, kept as they are: of the samples, and of a corpus in which every bias is planted."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import curate
from curate.bias import audit, facts
from curate.bias.examine import examine
from curate.bias.facts import BiasFacts, Settings

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import golden  # noqa: E402

VOLATILE = ("tamis", "run", "started")
"""What tells one run from another that found the same."""
OF_OUR_SENTENCES = ("cases", "groups", "axes", "references")
"""What follows from rules/ alone, whatever was read."""


def twin(made: BiasFacts) -> dict[str, Any]:
    """The JSON twin as it is written, without what says nothing of the conversations; words that are claimed."""
    told: dict[str, Any] = json.loads(facts.to_json(made))
    told["swaps"] = [one for one in told["swaps"] if one["source"] == "real"]
    told["association"] = [one for one in told["association"] if one["claimed"] or one["word"] == "kolumba"]
    return {name: value for name, value in told.items() if name not in (*VOLATILE, *OF_OUR_SENTENCES)}


@pytest.fixture
def bench() -> Iterator[ModuleType]:
    """benchmarks/bias.py, which makes corpora of known bias."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    import bias

    yield sys.modules.pop("bias", bias)
    sys.path.remove(str(ROOT / "benchmarks"))


def test_the_audit_of_the_samples_is_the_golden_one(tmp_path: Path) -> None:
    run = curate.run(ROOT / "samples", tmp_path / "out", workers=1)
    told = twin(audit(run))
    assert told["sieve"] and told["slices"] and told["representation"] and told["pronouns"]
    golden.agrees(told, Path(__file__).parent / "golden_samples.json")


def test_the_audit_of_planted_biases_is_the_golden_one(bench: ModuleType) -> None:
    rows = bench.corpus(replace(bench.BIASED, conversations=1000), 7)
    told = twin(examine(bench.MANIFEST, [rows], Settings(), watch=frozenset({"kolumba"})))
    for name in ("sieve", "association", "gaps", "deltas", "answers", "swaps"):
        assert told[name], name
    golden.agrees(told, Path(__file__).parent / "golden_planted.json")
