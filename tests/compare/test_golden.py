"""What `curate compare` finds of two runs of the samples, kept as it is."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import curate
from curate.bias import audit
from curate.compare.facts import to_json
from curate.compare.gather import compare
from curate.rejudge import rejudge

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import golden  # noqa: E402

MOVED = (
    "too_toxic.then=drop",
    "too_toxic.limit=0.3",
    "near_duplicates.limit=0.97",
    "too_repetitive.limit=0.2",
)


def test_the_comparison_of_the_samples_at_other_limits_is_the_golden_one(tmp_path: Path) -> None:
    a = curate.run(ROOT / "samples", tmp_path / "a", workers=1)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    for run in (a, rejudge(str(tmp_path / "b"), MOVED)):
        audit(run)
    told = json.loads(to_json(compare(str(tmp_path / "a"), str(tmp_path / "b"))))
    # not facts of what was read: where runs lie, when they were made, by which version
    for side in (told["a"], told["b"]):
        for name in ("folder", "started", "content"):
            del side[name]
    del told["tamis"], told["groups"]
    # drawn by a hash that may differ between releases of Polars; which they are is tested beside this
    del told["fates"]["examples"]
    for name in ("settings", "passes", "slices", "fates", "bias"):
        assert told[name], name
    golden.agrees(told, Path(__file__).parent / "golden.json")
