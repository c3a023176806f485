"""Broken files of every format: nothing crashes, nothing is lost, no text of a log stands in a reason."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

import polars as pl
import pytest

import curate
from curate import schema
from curate.errors import InputError
from curate.readers import InputOptions, plan, read
from tests.readers.mutations import MUTATIONS

ROOT = Path(__file__).parents[2]
TRANSCRIPT = (
    "Client: Bonjour, ma carte est bloquée.\nConseiller: Je regarde.\nClient: Merci\n\n"
    "Client: Où est mon colis ?\nConseiller: Il arrive demain.\n\n"
) * 5
ROWS = "".join(
    f'{{"ticket_id": "t{at // 3}", "turn": {at % 3}, "role": "client", "text": "Bonjour {at}"}}\n'
    for at in range(60)
)


@cache
def originals() -> dict[str, bytes]:
    """The samples, and what they have no file of."""
    found = {
        path.name: path.read_bytes()
        for path in sorted((ROOT / "samples").rglob("*"))
        if path.is_file() and path.suffix != ".md"
    }
    return {**found, "transcript.txt": TRANSCRIPT.encode(), "rows.jsonl": ROWS.encode()}


@cache
def words() -> frozenset[str]:
    """Words of the logs that none of our sentences holds."""
    ours = " ".join(path.read_text("utf-8") for path in (ROOT / "curate" / "readers").rglob("*.py")).lower()
    ours += " ".join(path.read_text("utf-8") for path in (ROOT / "rules").glob("*.toml")).lower()
    told = plan([InputOptions(files=(str(ROOT / "samples"),))])
    texts = [text for piece in told.pieces for text in read(piece).messages["text"]]
    found = {word.lower() for text in [*texts, TRANSCRIPT] for word in re.findall(r"\w{6,}", text)}
    return frozenset(word for word in found if word not in ours)


def broken(name: str, seed: int) -> bytes:
    """One of the originals after one to three mutations."""
    draw = random.Random(f"{name} {seed}")
    raw = originals()[name]
    for mutate in draw.choices(MUTATIONS, k=draw.choice([1, 1, 2, 3])):
        raw = mutate(raw, draw) or raw
    return raw


def whole(folder: Path, shard_bytes: int) -> tuple[pl.DataFrame, list[tuple[object, ...]]]:
    """All messages, and (source, reason) of all that is held; conservation is asserted piece by piece."""
    try:
        made = plan([InputOptions(files=(str(folder),))], shard_bytes)
    except InputError:
        return pl.DataFrame(schema=schema.MESSAGES), []
    frames, held = [pl.DataFrame(schema=schema.MESSAGES)], [made.quarantined]
    for piece in made.pieces:
        batch = read(piece)
        schema.check(batch.messages)
        spoken = batch.messages.select("source", "record").unique().height
        assert batch.records == spoken + batch.quarantined.height
        assert batch.conversations == int((batch.messages["turn"] == 0).sum())
        frames.append(batch.messages)
        held.append(batch.quarantined)
    rows = pl.concat(held).select("source", "record", "reason")
    return pl.concat(frames), sorted(rows.rows(), key=repr)


def holds(folder: Path, name: str, seed: int) -> None:
    """What must hold for one broken file beside a sound one."""
    (folder / name).write_bytes(broken(name, seed))
    messages, held = whole(folder, 32 << 20)
    cut, held_cut = whole(folder, 700)
    columns = ["conversation_id", "turn", "role", "text", "record", "extra"]
    assert messages.select(columns).equals(cut.select(columns)), f"{name} {seed} is read otherwise in pieces"
    assert held == held_cut, f"{name} {seed} is held otherwise in pieces"
    said = " ".join(str(reason) for _, _, reason in held).lower()
    assert not {word for word in re.findall(r"\w{6,}", said) if word in words()}, f"{name} {seed}"


@pytest.mark.parametrize("name", sorted(originals()))
def test_a_broken_file_is_read_or_held_and_never_lost(tmp_path: Path, name: str) -> None:
    for seed in range(7):
        holds(tmp_path, name, seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(originals()))
def test_many_broken_files_are_read_or_held(tmp_path: Path, name: str) -> None:
    for seed in range(7, 300):
        holds(tmp_path, name, seed)


def run_on_broken(tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    logs = tmp_path / f"logs{seed}"
    logs.mkdir()
    for name in originals():
        (logs / name).write_bytes(broken(name, seed))
    done = curate.run(logs, tmp_path / f"out{seed}")
    counts = done.manifest["counts"]
    assert done.messages.collect().height == counts["messages"]
    rows = (tmp_path / f"out{seed}" / "quarantine.jsonl").read_text("utf-8").splitlines()
    assert len(rows) == counts["quarantined"] + counts["files_unreadable"]
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")


def test_a_run_over_broken_files_ends_and_says_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_on_broken(tmp_path, 0, capsys)


@pytest.mark.slow
def test_runs_over_broken_files_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in range(1, 40):
        run_on_broken(tmp_path, seed, capsys)
