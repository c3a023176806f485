"""A row per message: whatever order and files the rows come in, the conversations are the same."""

from __future__ import annotations

import csv
import gzip
import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.readers import InputOptions, Piece, digest, plan, read, regroup
from curate.readers.broken_rows import REASON
from curate.readers.csv_blocks import BLOCK
from curate.schema import MESSAGES, check
from tests.readers.workbook import write_workbook

Row = tuple[str, int, str, str]
SAME = ["conversation_id", "turn", "role", "author", "sent_at", "text", "parts", "extra", "verdict"]


def conversations(count: int, seed: int = 7) -> list[Row]:
    """(id, minute, role, text) of some conversations, in order."""
    some = random.Random(seed)
    return [
        (
            f"c{at}",
            minute,
            ("user", "assistant")[minute % 2],
            f"text {at}.{minute} " + "x" * some.randint(0, 40),
        )
        for at in range(count)
        for minute in range(some.randint(1, 6))
    ]


def write(path: Path, rows: list[Row], kind: str = "csv") -> None:
    names = ["chat_id", "sent_at", "role", "text"]
    cells = [(id, f"2024-01-01 10:{minute:02}:00", role, text) for id, minute, role, text in rows]
    if kind == "csv":
        with path.open("w", newline="") as out:
            csv.writer(out).writerows([names, *cells])
    elif kind == "parquet":
        pl.DataFrame(cells, schema=names, orient="row").write_parquet(path)
    elif kind == "json":
        path.write_text(json.dumps([dict(zip(names, row, strict=True)) for row in cells]))
    else:
        path.write_text("".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in cells))


def pieces(folder: Path, shard_bytes: int = 32 << 20) -> tuple[Piece, ...]:
    found = plan([InputOptions(files=(str(folder),))], shard_bytes)
    assert found.quarantined.is_empty(), found.quarantined["reason"].to_list()
    return found.pieces


def messages(folder: Path, shard_bytes: int = 32 << 20) -> pl.DataFrame:
    batches = [read(piece) for piece in pieces(folder, shard_bytes)]
    for batch in batches:
        check(batch.messages)
        assert batch.records == batch.messages.height + batch.quarantined.height
        assert batch.conversations == batch.messages["conversation_id"].n_unique()
    return pl.concat([pl.DataFrame(schema=MESSAGES), *(batch.messages for batch in batches)])


def canonical(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    return frame.select(SAME).sort("conversation_id", "turn").rows()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(
    count=st.integers(1, 12),
    seed=st.integers(0, 99),
    files=st.integers(1, 4),
    kind=st.sampled_from(["csv", "parquet", "jsonl", "json"]),
    shard_bytes=st.sampled_from([64, 500, 32 << 20]),
)
def test_rows_in_any_order_and_any_number_of_files_give_the_same(
    tmp_path_factory: pytest.TempPathFactory, count: int, seed: int, files: int, kind: str, shard_bytes: int
) -> None:
    rows = conversations(count, seed)
    sorted_, shuffled = tmp_path_factory.mktemp("sorted"), tmp_path_factory.mktemp("shuffled")
    write(sorted_ / "a.csv", rows)
    random.Random(seed).shuffle(rows)
    parts = [rows[at::files] for at in range(files)]
    for at, part in enumerate(parts):
        if part:
            write(shuffled / f"{at}.{kind}", part, kind)
    assert canonical(messages(shuffled, shard_bytes)) == canonical(messages(sorted_))


@pytest.mark.parametrize("shard_bytes", [1, 300, 2000, 32 << 20])
@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_any_cut_gives_the_same_rows_in_the_same_order(tmp_path: Path, kind: str, shard_bytes: int) -> None:
    write(tmp_path / f"a.{kind}", conversations(60), kind)
    whole = messages(tmp_path).rows()
    cut = messages(tmp_path, shard_bytes)
    assert cut.rows() == whole


def test_partitions_come_in_the_order_of_first_rows(tmp_path: Path) -> None:
    rows = conversations(40)
    random.Random(3).shuffle(rows)
    write(tmp_path / "a.csv", rows[::2])
    write(tmp_path / "b.csv", rows[1::2])
    assert len(pieces(tmp_path, 100)) > 3
    assert messages(tmp_path, 100).rows() == messages(tmp_path).rows()


def test_a_big_sorted_file_is_cut_between_conversations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curate.readers.csv_blocks.blocks.__defaults__", (4096,))
    rows = [(id, minute, role, f'{text}\n"{minute}"') for id, minute, role, text in conversations(2000)]
    write(tmp_path / "a.csv", rows)
    found = pieces(tmp_path, 16_384)
    assert len(found) > 5
    assert {piece.looks[0].facts.get("regroup") for piece in found} == {None}
    cut = messages(tmp_path, 16_384)
    assert cut["record"].to_list() == list(range(2, 2 + len(rows)))
    assert cut["text"].to_list() == [row[3] for row in rows]
    assert max(piece.weight for piece in found) < 3 * 16_384


def test_an_id_that_two_files_share_is_one_conversation_and_other_files_are_still_cut(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [("c1", 0, "user", "Hi")])
    write(tmp_path / "b.csv", [("c9", 0, "user", "alone")])
    write(tmp_path / "c.csv", [("c1", 1, "assistant", "Ho")])
    found = pieces(tmp_path)
    assert [[look.source for look in piece.looks] for piece in found] == [["a.csv", "c.csv"], ["b.csv"]]
    assert messages(tmp_path)["text"].to_list() == ["Hi", "Ho", "alone"]


def test_files_whose_columns_mean_otherwise_are_not_put_together(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ticket,role,text\n1,user,Hi\n")
    (tmp_path / "b.csv").write_text("chat,role,text\n1,user,Other\n")
    assert len(pieces(tmp_path)) == 2


def test_turns_come_before_times_and_times_before_the_order_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "id,ticket,turn,date,role,text\n"
        "1,t,2,2024-01-01 10:00,assistant,by turn 2\n"
        "2,t,1,2024-01-01 11:00,user,by turn 1\n"
        "3,n,1,2024-01-01 11:00,assistant,by time 2\n"
        "4,n,,2024-01-01 10:00,user,by time 1\n"
        "5,f,,,user,by file 1\n"
        "6,f,,2024-01-01 10:00,assistant,by file 2\n"
    )
    frame = messages(tmp_path)
    assert frame["text"].to_list() == [
        "by turn 1",
        "by turn 2",
        "by time 1",
        "by time 2",
        "by file 1",
        "by file 2",
    ]
    assert json.loads(frame["extra"][0]) == {"turn": "1", "id": "2"}


def test_equal_times_keep_the_order_of_the_file(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [("c", 0, "user", "1"), ("c", 0, "assistant", "2"), ("c", 0, "user", "3")])
    assert messages(tmp_path)["text"].to_list() == ["1", "2", "3"]


def test_json_rows_keep_their_types_and_bad_ones_are_put_aside(tmp_path: Path) -> None:
    lines = [
        '{"ticket_id": 12345678901234567890, "turn": 1, "role": "bot", "text": "Ho", "score": 1.10}',
        '{"ticket_id": 12345678901234567890, "turn": 0, "role": "user", "text": "Hi", "flag": null}',
        '{"ticket_id": "x", "role": "user", "text": 5}',
        '{"role": "user", "text": "no id"}',
        "not JSON",
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    (batch,) = [read(piece) for piece in pieces(tmp_path)]
    assert batch.messages.select("conversation_id", "role", "text", "extra", "record").rows() == [
        ("12345678901234567890", "user", "Hi", '{"flag":null}', 2),
        ("12345678901234567890", "assistant", "Ho", '{"role":"bot","score":1.10}', 1),
    ]
    assert batch.quarantined.select("record", "reason").rows() == [
        (3, "'text' is a number, must be a string"),
        (4, "no conversation id"),
        (5, "not JSON at character 1"),
    ]


def test_what_cannot_be_read_is_told_once_however_many_partitions(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", conversations(50))
    with (tmp_path / "a.csv").open("a") as out:
        out.write("c0,too,few\n,2024-01-01 10:00:00,user,no id\nc3,2024-01-01 10:30:00,wizard,who\n")
        out.write("c1,2024-01-01 10:40:00,user,comes back\n")
    found = pieces(tmp_path, 100)
    assert len(found) > 3
    batches = [read(piece) for piece in found]
    held = pl.concat(batch.quarantined for batch in batches)
    assert sorted(held.filter(pl.col("reason") != REASON)["reason"]) == [
        "no conversation id",
        "row has 3 cells, the header 4",
        "unknown role 'wizard'; map it in roles of [[input]]",
    ]
    kept = {id for batch in batches for id in batch.messages["conversation_id"]}
    assert kept == {f"c{at}" for at in range(50)} - {"c0", "c3"}
    assert sum(batch.records for batch in batches) == len(conversations(50)) + 4


def row(id: str, minute: int, role: str, text: str) -> dict[str, object]:
    return {"chat_id": id, "sent_at": f"2024-01-01 10:{minute:02}:00", "role": role, "text": text}


GOOD = [row(id, at, role, f"{id} {at}") for id in "abc" for at, role in enumerate(("user", "assistant"))]


def with_one_bad_row(path: Path, kind: str) -> None:
    """Conversations a, b and c; a row of b's, far from the others, that cannot be read."""
    names = list(GOOD[0])
    if kind in ("csv", "csv.gz"):
        lines = [",".join(map(str, one.values())) for one in GOOD]
        raw = "\n".join([",".join(names), *lines, "b,2024-01-01 10:05:00,user", ""]).encode()
        path.write_bytes(gzip.compress(raw) if kind == "csv.gz" else raw)
    elif kind == "jsonl":
        lines = [json.dumps(one) for one in [*GOOD, row("b", 5, "user", "x")]]
        lines[-1] = lines[-1][:-4]
        path.write_text("\n".join(lines))
    elif kind == "json":
        path.write_text(json.dumps([*GOOD, {**row("b", 5, "user", ""), "text": 5}]))
    elif kind == "parquet":
        pl.DataFrame([*GOOD, row("b", 5, "wizard", "x")]).write_parquet(path)
    else:
        cells = [list(one.values()) for one in [*GOOD, row("b", 5, "user", "x")]]
        write_workbook(path, {"Sheet1": [names, *cells[:-1], [*cells[-1], "", "beyond"]]})  # type: ignore[list-item]


@pytest.mark.parametrize("shard_bytes", [1, 32 << 20])
@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl", "json", "parquet", "xlsx"])
def test_a_conversation_with_a_row_that_cannot_be_read_goes_to_quarantine_whole(
    tmp_path: Path, kind: str, shard_bytes: int
) -> None:
    with_one_bad_row(tmp_path / f"a.{kind}", kind)
    batches = [read(piece) for piece in pieces(tmp_path, shard_bytes)]
    assert [id for batch in batches for id in batch.messages["conversation_id"]] == ["a", "a", "c", "c"]
    held = pl.concat(batch.quarantined for batch in batches)
    assert held.filter(pl.col("reason") == REASON)["record"].len() == 2
    assert held.height == 3
    assert sum(batch.records for batch in batches) == 7
    again = pl.concat(read(piece).quarantined for piece in pieces(tmp_path))
    assert held.sort("record").equals(again.sort("record"))


def test_a_row_without_an_id_is_of_the_conversation_around_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "ticket,role,text\na,user,1\n,user,2\na,user,3\nb,user,4\n,user,5\nc,user,6\n"
    )
    (batch,) = [read(piece) for piece in pieces(tmp_path)]
    assert batch.messages["text"].to_list() == ["4", "6"]
    assert batch.quarantined["record"].to_list() == [2, 3, 4, 6]


@pytest.mark.parametrize("cut", [4, 11, 30])
def test_the_last_conversation_of_a_file_that_breaks_off_is_not_kept(tmp_path: Path, cut: int) -> None:
    rows = [row(f"c{at // 3}", at % 3, "user", random.Random(at).randbytes(40).hex()) for at in range(900)]
    text = "".join(json.dumps(one) + "\n" for one in rows)
    whole = gzip.compress(text.encode())
    (tmp_path / "a.jsonl.gz").write_bytes(whole[: len(whole) - 20_000 - cut])
    (batch,) = [read(piece) for piece in pieces(tmp_path)]
    kept = batch.messages["conversation_id"].value_counts()["count"]
    assert kept.len() > 50
    assert set(kept) == {3}


def test_a_table_that_is_one_conversation_is_held_whole(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("role,text\nuser,1\nwizard,2\nuser,3,4\n")
    found = plan([InputOptions(files=(str(tmp_path),), columns={"conversation_id": "*"})])
    batch = read(found.pieces[0])
    assert batch.messages.is_empty()
    assert batch.quarantined["record"].to_list() == [2, 3, 4]


def test_a_broken_row_in_one_file_holds_the_conversation_in_another(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ticket,role,text\nx,user,1\ny,user,2,3\n")
    (tmp_path / "b.csv").write_text("ticket,role,text\ny,user,1\nz,user,2\n")
    found = [read(piece) for piece in pieces(tmp_path)]
    assert [text for batch in found for text in batch.messages["text"]] == ["1", "2"]
    assert [id for batch in found for id in batch.messages["conversation_id"]] == ["x", "z"]


def test_a_limit_takes_the_first_conversations(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", conversations(50))
    found = plan([InputOptions(files=(str(tmp_path),))], limit=3)
    batches = [read(piece) for piece in found.pieces]
    assert [id for one in batches for id in one.messages["conversation_id"].unique(maintain_order=True)] == [
        "c0",
        "c1",
        "c2",
    ]


def test_pieces_do_not_depend_on_the_order_in_which_files_are_given(tmp_path: Path) -> None:
    rows = conversations(30)
    write(tmp_path / "a.csv", rows[::2])
    write(tmp_path / "b.csv", rows[1::2])
    both = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    forth = plan([InputOptions(files=tuple(both))], 200).pieces
    back = plan([InputOptions(files=tuple(reversed(both)))], 200).pieces
    assert forth == back
    assert BLOCK > 200


def test_a_piece_of_a_big_table_is_known_by_its_own_bytes(tmp_path: Path) -> None:
    rows = conversations(60)
    write(tmp_path / "a.csv", rows)
    before = [digest(piece) for piece in pieces(tmp_path, 1)]
    assert len(before) == len(set(before)) == 60
    raw, last = (tmp_path / "a.csv").read_bytes(), rows[-1][3].encode()
    (tmp_path / "a.csv").write_bytes(raw.replace(last, last.replace(b"t", b"T")))
    after = [digest(piece) for piece in pieces(tmp_path, 1)]
    assert after[:-1] == before[:-1]
    assert after[-1] != before[-1]


def test_nothing_is_written_while_rows_are_put_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = conversations(50)
    random.Random(1).shuffle(rows)
    source, work = tmp_path / "in", tmp_path / "work"
    source.mkdir()
    work.mkdir()
    write(source / "a.csv", rows)
    monkeypatch.chdir(work)
    monkeypatch.setenv("TMPDIR", str(work))
    assert messages(source, 100).height == len(rows)
    assert list(work.iterdir()) == []
    assert regroup.PARTITION_SHARDS >= 1
