"""Messages that many conversations share, in a run: the same on every cut, and a new limit needs a new run."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

import curate
from curate.errors import TamisError
from curate.rejudge import rejudge
from tests.dedup.corpora import words
from tests.passes.test_near_duplicates import OPENING


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    draw, path = random.Random(9), tmp_path_factory.mktemp("logs") / "a.jsonl"
    with path.open("w") as out:
        for place in range(70):
            said = ["Was my last transfer paid?", OPENING, " ".join(words(draw, 4))]
            roles = ("user", "assistant", "assistant")
            turns = [{"role": role, "content": text} for role, text in zip(roles, said, strict=True)]
            out.write(json.dumps({"id": f"c{place}", "messages": turns}) + "\n")
    return path


def test_any_cut_of_a_run_keeps_the_same(logs: Path, tmp_path: Path) -> None:
    whole = curate.run(logs, tmp_path / "whole")
    cut = curate.run(logs, tmp_path / "cut", shard_bytes=4_000)
    assert len(cut.storage.names("messages")) > 5
    assert cut.manifest["content"] == whole.manifest["content"]
    gone = whole.messages.collect()["decided_by"].to_list()
    assert "near_duplicates" not in gone
    everything = curate.run(logs, tmp_path / "all", sets=["near_duplicates.shared_above=0"])
    assert everything.messages.collect()["decided_by"].to_list().count("near_duplicates") > 100


def test_what_is_shared_must_be_measured_again(logs: Path, tmp_path: Path) -> None:
    out = curate.run(logs, tmp_path / "out").out
    with pytest.raises(TamisError, match="the pairs of near_duplicates with shared_above=3"):
        rejudge(out, ["near_duplicates.shared_above=3"])
