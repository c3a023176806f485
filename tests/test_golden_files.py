"""Golden files are compared number by number, and what moved is named."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import golden

FACTS = {
    "read": 3,
    "sure": True,
    "rows": [{"share": 0.25, "name": "é"}, {"share": 0.5, "name": "b"}],
    "none": [],
}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A golden file of FACTS; from here on files are compared, even where others are being renewed."""
    monkeypatch.setenv(golden.RENEW, "1")
    golden.agrees(FACTS, tmp_path / "golden.json")
    monkeypatch.delenv(golden.RENEW)
    return tmp_path / "golden.json"


def test_a_file_that_was_renewed_agrees_and_has_a_line_for_each_row(path: Path) -> None:
    golden.agrees(FACTS, path)
    assert '  {"share": 0.25, "name": "é"},\n' in path.read_text(encoding="utf-8")


def test_floats_may_differ_by_rounding_and_counts_may_not(path: Path) -> None:
    near = {"share": 0.25000001, "name": "é"}
    golden.agrees({**FACTS, "rows": [near, FACTS["rows"][1]]}, path)  # type: ignore[index]
    with pytest.raises(AssertionError, match=r"read: 3 became 4"):
        golden.agrees({**FACTS, "read": 4}, path)
    with pytest.raises(AssertionError, match=r"sure: True became 1"):
        golden.agrees({**FACTS, "sure": 1}, path)


def test_what_moved_is_named_with_the_line_that_renews(path: Path) -> None:
    moved = {"share": 0.26, "name": "é"}
    with pytest.raises(AssertionError, match=r"TAMIS_RENEW_GOLDEN=1 pytest -k golden") as told:
        golden.agrees({**FACTS, "rows": [moved], "new": 1}, path)
    for said in ("rows: 2 rows became 1", "rows[0].share: 0.25 became 0.26", "new: only now"):
        assert said in str(told.value)


def test_a_missing_file_is_told_with_the_line_that_writes_it(path: Path) -> None:
    with pytest.raises(AssertionError, match=r"none\.json is missing; 'TAMIS_RENEW_GOLDEN=1"):
        golden.agrees(FACTS, path.with_name("none.json"))
