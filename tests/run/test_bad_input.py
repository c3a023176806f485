"""Bad input and bad luck, for a whole run: an error in one sentence, and the next run as if it never was."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

import curate
from curate.errors import InputError, TamisError

LINE = '{"id": "%s", "messages": [{"role": "user", "content": "Hi %s"}, {"role": "assistant", "content": "Ho"}]}\n'


def logs_in(folder: Path, count: int = 60) -> Path:
    folder.mkdir()
    (folder / "a.jsonl").write_text("".join(LINE % (f"c{at}", at) for at in range(count)))
    return folder


def test_a_folder_with_nothing_readable_is_told_with_the_first_reasons(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "empty.jsonl").write_bytes(b"")
    (logs / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (logs / "README.md").write_text("# Logs of May\n")
    with pytest.raises(InputError) as told:
        curate.run(logs, tmp_path / "out")
    said = str(told.value)
    assert "empty.jsonl: empty file" in said and "picture.png: not a chat log: a picture" in said
    assert "README.md: no chat log by its name" in said and "--format or [[input]]" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("at", [1, 6, 12])
def test_a_disk_that_fills_is_one_sentence_and_the_next_run_ends_as_if_it_never_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    logs, out = logs_in(tmp_path / "logs"), tmp_path / "out"
    calls = []

    def fills(handle: int) -> None:
        calls.append(handle)
        if len(calls) >= at:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", fills)
        with pytest.raises(
            TamisError, match=r"the disk is full: .* make room and run the same command again"
        ):
            curate.run(logs, out, shard_bytes=1_000)
    assert not [path for path in out.rglob("*") if path.name.endswith(".part")]
    again = curate.run(logs, out, shard_bytes=1_000)
    assert again.manifest["content"] == curate.run(logs, tmp_path / "other").manifest["content"]


def test_a_file_that_vanishes_while_a_run_goes_on_is_told_and_the_rest_is_curated(tmp_path: Path) -> None:
    logs = logs_in(tmp_path / "logs")
    (logs / "b.jsonl").write_text(LINE % ("gone", "there"))
    gone = False

    def watch(stage: str, done: int, of: int) -> None:
        nonlocal gone
        if stage == "sieving" and not gone:
            (logs / "b.jsonl").unlink()
            gone = True

    run = curate.run(logs, tmp_path / "out", progress=watch)
    assert gone and run.manifest["counts"]["conversations"] == 60
    assert "file vanished after it was looked at" in (tmp_path / "out" / "quarantine.jsonl").read_text()
