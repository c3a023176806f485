"""Progress moves within a shard and in the unit of its stage; a story without colour can be read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import curate
from curate import live
from curate.pulse import Pulse, watched
from curate.storage import Storage

ROOT = Path(__file__).parents[2]
CODE = "import sys; sys.path.insert(0, sys.argv.pop(1)); from curate.cli import main; main()"


def line(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", CODE, str(ROOT), *map(str, arguments)]


def logs(folder: Path, count: int, name: str = "a.jsonl") -> Path:
    """Conversations that differ, all of them sound."""
    path = folder / name
    with path.open("w") as out:
        for n in range(count):
            asked = {
                "role": "user",
                "content": f"Where is order {n * 7919}? It left on day {n % 28} of the month.",
            }
            told = {
                "role": "assistant",
                "content": f"Order {n * 7919} waits in hall {n % 97}; it comes in {n % 5} days.",
            }
            out.write(json.dumps({"conversation_id": f"c{n}", "messages": [asked, told]}) + "\n")
    return path


def test_progress_moves_within_a_shard_and_ends_whole(tmp_path: Path) -> None:
    storage, told = Storage(str(tmp_path)), []
    with watched(storage, "pulse", [100, 300], told.append) as finished:
        pulse = Pulse(storage, "pulse", 1, 4)
        pulse.beat()
        pulse.beat()
        finished(0)
        assert told[-1] == 100 + 150
        finished(1)
    assert told[-1] == 400


def test_a_run_tells_each_stage_in_its_unit(tmp_path: Path) -> None:
    stages: dict[str, tuple[int, int]] = {}

    def progress(stage: str, done: int, of: int) -> None:
        stages[stage] = (done, of)

    curate.run(logs(tmp_path, 20), tmp_path / "out", progress=progress)
    assert set(stages) <= set(live.STAGES)
    assert all(done == of > 0 for done, of in stages.values()), stages


def test_why_without_colour_marks_what_was_taken_out_and_put_in(tmp_path: Path) -> None:
    messages = [
        {"role": "user", "content": "<p>Hello <b>there</b></p> a@b.fr"},
        {"role": "assistant", "content": "Yes, hello."},
    ]
    (tmp_path / "a.jsonl").write_text(json.dumps({"conversation_id": "c1", "messages": messages}))
    curate.run(tmp_path / "a.jsonl", tmp_path / "out")
    done = subprocess.run(line("why", tmp_path / "out", "c1"), capture_output=True, text=True, check=True)
    assert "[-<p>" in done.stdout and "{+" in done.stdout and "a@b.fr" not in done.stdout
