"""CSV, workbooks and Parquet: what is found out about them, what is read, what is put aside."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.readers import Batch, InputOptions, Plan, plan, read
from curate.readers.table_times import decide_date_order, parse_times
from curate.schema import MESSAGES, QUARANTINE
from tests.readers.workbook import write_workbook

BOOK = "conversation_id,role,text"


def planned(path: Path, **options: Any) -> Plan:
    return plan([InputOptions(files=(str(path),), **options)], options.pop("shard_bytes", 32 << 20))


def reading(path: Path, shard_bytes: int = 32 << 20, **options: Any) -> Batch:
    """Everything of a file as one batch, whole files that cannot be read among the quarantined."""
    found = plan([InputOptions(files=(str(path),), **options)], shard_bytes)
    batches = [read(piece) for piece in found.pieces]
    messages = pl.concat([pl.DataFrame(schema=MESSAGES), *(batch.messages for batch in batches)])
    held = pl.concat(
        [pl.DataFrame(schema=QUARANTINE), found.quarantined, *(one.quarantined for one in batches)]
    )
    return Batch(
        messages, held, sum(one.records for one in batches), sum(one.conversations for one in batches)
    )


def written(folder: Path, content: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_french_spreadsheet_is_read_as_it_was_saved(tmp_path: Path) -> None:
    text = (
        "N° de ticket;Date d'envoi;Expéditeur;Message;Note;Téléphone\r\n"
        '00017;03/04/2024 10:00;Client;"Où est ""ma"" commande;\r\nmerci";4,50;0612345678\r\n'
        "00017;25/04/2024 09:30;Conseiller;Déjà expédiée, à 12 €.;3,0;0145000000\r\n"
    )
    batch = reading(written(tmp_path, text.encode("cp1252")))
    assert batch.quarantined.is_empty()
    rows = batch.messages.select("conversation_id", "role", "text", "record").rows()
    assert rows == [
        ("00017", "user", 'Où est "ma" commande;\r\nmerci', 2),
        ("00017", "assistant", "Déjà expédiée, à 12 €.", 3),
    ]
    assert [str(time) for time in batch.messages["sent_at"]] == [
        "2024-04-03 10:00:00+00:00",
        "2024-04-25 09:30:00+00:00",
    ]
    assert batch.messages["extra"].to_list() == [
        '{"role":"Client","Note":4.50,"Téléphone":"0612345678"}',
        '{"role":"Conseiller","Note":3.0,"Téléphone":"0145000000"}',
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_encoding_and_delimiter_gives_the_same_rows(
    tmp_path: Path, delimiter: str, encoding: str, end: str
) -> None:
    cells = [
        ["Conversation ID", "Rôle", "Texte"],
        ["1", "agent", 'été, "tôt"; là | ici\tet\nbas'],
        ["1", "client", ""],
    ]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(cells)
    batch = reading(written(tmp_path, out.getvalue().encode(encoding)))
    assert batch.messages.select("role", "text").rows() == [("assistant", cells[1][2]), ("user", "")]


def test_a_file_of_an_old_mac_is_read(tmp_path: Path) -> None:
    batch = reading(written(tmp_path, f"{BOOK}\ra,user,Hi\ra,assistant,Hello\r"))
    assert batch.messages["text"].to_list() == ["Hi", "Hello"]


def test_the_line_by_which_excel_names_its_delimiter_is_no_row(tmp_path: Path) -> None:
    batch = reading(written(tmp_path, f"sep=;\r\n{BOOK.replace(',', ';')}\r\na;user;x,y,z\r\n"))
    assert batch.messages.select("text", "record").rows() == [("x,y,z", 3)]


def test_a_backslash_escapes_only_where_the_file_was_written_so(tmp_path: Path) -> None:
    escaped = f'{BOOK}\na,user,"say \\"hi\\", now"\n'
    assert reading(written(tmp_path, escaped)).messages["text"].to_list() == ['say "hi", now']
    plain = f'{BOOK}\na,user,"C:\\temp\\"\n'
    assert reading(written(tmp_path, plain)).messages["text"].to_list() == ["C:\\temp\\"]


BAD_ROWS: list[tuple[str, bytes, list[str], list[tuple[int, str]]]] = [
    ("too few cells", b"a,user\nb,user,B", ["B"], [(2, "row has 2 cells, the header 3")]),
    ("too many cells", b"a,user,B,C\nb,user,B", ["B"], [(2, "row has 4 cells, the header 3")]),
    ("empty cells beyond the header are none", b"a,user,B,,\na,user,C", ["B", "C"], []),
    ("a quote not closed", b'a,user,"B\nb,user,C\nb,user,D', ["C", "D"], [(2, "a quote is not closed")]),
    (
        "a quote not closed and quotes after it",
        b'a,user,"B\nb,user,"C, c"\nb,user,D',
        ["C, c", "D"],
        [(2, "text after a closing quote")],
    ),
    ("text after a quote", b'a,user,"B"x\nb,user,C', ["C"], [(2, "text after a closing quote")]),
    ("a quote inside a cell", b'a,user,5" screen\na,user,C', ['5" screen', "C"], []),
    ("bytes that do not decode", b"a,user,caf\xff\nb,user,d\xc3\xa9j\xc3\xa0 \xc3\xa9t\xc3\xa9 \xc3\xa9 \xc3\xa9", ["déjà été é é"], [(2, "bytes that do not decode in the file's encoding")]),
    ("a blank line", b"a,user,B\n\na,user,C", ["B", "C"], []),
    ("a NUL", b"a,user,B\0b\na,user,C", ["B\0b", "C"], []),
    ("no id", b",user,B\na,user,C", ["C"], [(2, "no conversation id")]),
    ("no role", b"a,,B\nb,user,C\nb,user,D", ["C", "D"], [(2, "the role is empty")]),
    ("an unknown role", b"a,wizard,B\nb,user,C\nb,user,D", ["C", "D"], [(2, "unknown role 'wizard'; map it in roles of [[input]]")]),
    ("a long id", b"12345678901234567890,user,B", ["B"], []),
    ("a line break in quotes", b'a,user,"B\r\nb\n"\na,user,C', ["B\r\nb\n", "C"], []),
]  # fmt: skip


@pytest.mark.parametrize(("why", "rows", "texts", "held"), BAD_ROWS, ids=[case[0] for case in BAD_ROWS])
def test_a_bad_row_is_put_aside_and_the_rest_is_read(
    tmp_path: Path, why: str, rows: bytes, texts: list[str], held: list[tuple[int, str]]
) -> None:
    raw = BOOK.encode() + b"\n" + rows + b"\n"
    batch = reading(written(tmp_path, raw), encoding="utf-8")
    assert batch.messages["text"].to_list() == texts
    assert batch.quarantined.select("record", "reason").rows() == held
    assert batch.records == len(texts) + len(held)
    for start, stop, content in batch.quarantined.select("start", "stop", "bytes").rows():
        if start is not None:
            assert raw[start:stop] == content


WHOLE_FILES: list[tuple[str, bytes, str]] = [
    ("header only", b"conversation_id,role,text\n", "no row below the header"),
    ("no id column", b"role,text\nuser,Hi\n", "no column tells which conversation.*columns: 'role', 'text'"),
    ("no roles", b"ticket,from,body\n1,Ann,Hi\n1,Bob,Ho\n", "no column whose values are roles"),
    ("no header", b"Hello there,I am Ann\nBye,Bob\n", "the first row does not look like a header"),
    (
        "rows of messages and pairs at once",
        b"conversation_id,role,text,prompt,response\n1,user,Hi,a,b\n",
        "ambiguous: could be messages or pairs",
    ),
]


@pytest.mark.parametrize(("why", "raw", "reason"), WHOLE_FILES, ids=[case[0] for case in WHOLE_FILES])
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, why: str, raw: bytes, reason: str) -> None:
    batch = reading(written(tmp_path, raw))
    assert batch.messages.is_empty()
    ((record, told),) = batch.quarantined.select("record", "reason").rows()
    assert record is None
    assert pl.Series([told]).str.contains(reason).item(), told
    assert "Hello there" not in told


def test_a_column_twice_is_read_once_and_kept_twice(tmp_path: Path) -> None:
    batch = reading(written(tmp_path, "conversation_id,role,text,text,\na,user,Hi,again,more\n"))
    assert batch.messages.select("text", "extra").rows() == [("Hi", '{"text (2)":"again","column 5":"more"}')]


def test_what_the_user_says_of_columns_and_roles_wins(tmp_path: Path) -> None:
    path = written(tmp_path, "ref,who,what,text\n7,Kunde,Hallo,x\n7,Bot,Tag,y\n")
    columns = {"conversation_id": "ref", "role": "who", "text": "what"}
    batch = reading(path, columns=columns, roles={"Kunde": "user"})
    assert batch.messages.select("conversation_id", "role", "text").rows() == [
        ("7", "user", "Hallo"),
        ("7", "assistant", "Tag"),
    ]
    held = reading(path, columns={"text": "body"}).quarantined
    assert held["reason"][0].startswith("no column 'body' as [[input]] columns says")


def test_a_file_that_is_one_conversation_can_be_said_to_be(tmp_path: Path) -> None:
    path = written(tmp_path, "role,text\nuser,Hi\nassistant,Ho\n")
    batch = reading(path, columns={"conversation_id": "*"})
    assert batch.messages["conversation_id"].to_list() == ["a.csv", "a.csv"]


def test_a_column_of_directions_gives_the_roles(tmp_path: Path) -> None:
    batch = reading(written(tmp_path, "ticket;sens;texte\n1;entrant;Bonjour\n1;sortant;Oui\n"))
    assert batch.messages["role"].to_list() == ["user", "assistant"]


def test_pairs_are_read_in_both_languages(tmp_path: Path) -> None:
    french = reading(written(tmp_path, "Question;Réponse;Source\nOù ?;Ici.;web\n"))
    assert french.messages.select("role", "text", "extra").rows() == [
        ("user", "Où ?", '{"Source":"web"}'),
        ("assistant", "Ici.", None),
    ]
    alpaca = reading(written(tmp_path, "instruction,input,output\nAdd,1+1,2\nSay,,hi\n"))
    assert alpaca.messages["text"].to_list() == ["Add\n\n1+1", "2", "Say", "hi"]


DATES: list[tuple[list[str], str, str]] = [
    (["25/12/2024", "01/02/2024"], "", "dmy"),
    (["12/25/2024", "01/02/2024"], "", "mdy"),
    (["01/02/2024"], "", "?"),
    (["01/02/2024"], ";", "dmy"),
    (["25/12/2024", "12/25/2024"], "", "?"),
    (["2024-02-01"], "", ""),
    (["30/01/24 09:00", "01/02/24 10:00"], "", "dmy"),
    (["03/01/2024", "04/01/2024", "01/02/2024"], "", "dmy"),  # goes back if the month stood first
    (["soon", ""], "", ""),
]


@pytest.mark.parametrize(("cells", "delimiter", "order"), DATES)
def test_the_order_of_dates_is_decided_once_from_all_evidence(
    cells: list[str], delimiter: str, order: str
) -> None:
    assert decide_date_order(pl.Series(cells), delimiter) == order


TIMES: list[tuple[str, str, str | None]] = [
    ("2024-05-01T10:00:00Z", "", "2024-05-01 10:00:00"),
    ("2024-05-01 10:00:00.250+02:00", "", "2024-05-01 08:00:00.250000"),
    ("2024-05-01", "", "2024-05-01 00:00:00"),
    ("2024/05/01 10:00", "", "2024-05-01 10:00:00"),
    ("01/05/2024 22h15", "dmy", "2024-05-01 22:15:00"),
    ("01/05/2024 à 22:15", "dmy", "2024-05-01 22:15:00"),
    ("5/1/24, 10:15 PM", "mdy", "2024-05-01 22:15:00"),
    ("5/1/24 12:05 a.m.", "mdy", "2024-05-01 00:05:00"),
    ("01.05.2024 10:00:01", "dmy", "2024-05-01 10:00:01"),
    ("1714557600", "", "2024-05-01 10:00:00"),
    ("1714557600123", "", "2024-05-01 10:00:00.123000"),
    ("1714557600.5", "", "2024-05-01 10:00:00.500000"),
    ("01/05/2024", "", None),
    ("01/05/2024", "?", None),
    ("31/02/2024", "dmy", None),
    ("42", "", None),
    ("soon", "dmy", None),
]


@pytest.mark.parametrize(("cell", "order", "time"), TIMES)
def test_times_of_many_forms_are_read(cell: str, order: str, time: str | None) -> None:
    read = parse_times(pl.Series([cell, ""]), order).cast(pl.Datetime("us")).cast(pl.String)
    told = read[0].rstrip("0").rstrip(".") if read[0] and "." in read[0] else read[0]
    expected = time.rstrip("0").rstrip(".") if time and "." in time else time
    assert (told, read[1]) == (expected, None)


def test_a_time_that_cannot_be_told_stays_in_extra(tmp_path: Path) -> None:
    batch = reading(written(tmp_path, f"{BOOK},date\na,user,Hi,01/02/2024\n"))
    assert batch.messages.select("sent_at", "extra").row(0) == (None, '{"date":"01/02/2024"}')


def test_a_compressed_file_is_read_and_a_torn_one_gives_what_it_has(tmp_path: Path) -> None:
    text = BOOK + "\n" + "".join(f"c{at},user,message number {at * 7919}\n" for at in range(3000))
    whole = gzip.compress(text.encode())
    assert reading(written(tmp_path, whole, "a.csv.gz")).messages.height == 3000
    torn = reading(written(tmp_path, whole[: len(whole) // 2], "a.csv.gz"))
    assert 0 < torn.messages.height < 3000
    assert "compressed data is damaged or ends early" in torn.quarantined["reason"].to_list()


def test_a_workbook_is_read_with_its_merged_cells_formulas_and_dates(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        [],
        ["ticket", "date", "role", "message", "score"],
        ["T1", 45383.5, "client", "Bonjour", 4.5],
        [None, 45383.75, "agent", ("A1", "Oui"), 3],
        [],
        ["12345678901234567890", 45384, "client", " x ", None],
    ]
    batch = reading(write_workbook(tmp_path / "a.xlsx", {"Chats": rows}, merged=["A3:A4"], dates="B"))
    assert batch.quarantined.is_empty()
    assert batch.messages.select("conversation_id", "role", "text", "record").rows() == [
        ("T1", "user", "Bonjour", 3),
        ("T1", "assistant", "Oui", 4),
        ("12345678901234567890", "user", " x ", 6),
    ]
    assert str(batch.messages["sent_at"][0]) == "2024-04-01 12:00:00+00:00"
    assert batch.messages["extra"].to_list()[0] == '{"role":"client","score":4.5}'


def test_every_sheet_of_a_workbook_is_read_or_named(tmp_path: Path) -> None:
    sheets = {
        "Mai": [["ticket", "role", "text"], [1, "user", "Hi"]],
        "FAQ": [["question", "answer"], ["Where?", "Here"]],
        "Empty": [],
        "Notes": [["todo"], ["buy milk"]],
    }
    batch = reading(write_workbook(tmp_path / "a.xlsx", sheets))
    assert sorted(batch.messages.select("source", "text").rows()) == [
        ("a.xlsx/FAQ", "Here"),
        ("a.xlsx/FAQ", "Where?"),
        ("a.xlsx/Mai", "Hi"),
    ]
    ((source, reason),) = batch.quarantined.select("source", "reason").rows()
    assert source == "a.xlsx/Notes"
    assert "milk" not in reason


def test_parquet_of_every_schema_is_read(tmp_path: Path) -> None:
    openai = [
        {"role": "user", "content": "Hi", "name": None},
        {"role": "assistant", "content": "Ho", "name": "x"},
    ]
    sharegpt = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]
    frames = {
        "structs": pl.DataFrame({"id": ["a"], "messages": [openai], "score": [0.1]}),
        "json": pl.DataFrame({"id": ["a"], "messages": [json.dumps(openai)]}),
        "sharegpt": pl.DataFrame({"id": ["a"], "conversations": [sharegpt]}),
        "rows": pl.DataFrame(
            {"id": [1, 2], "thread": ["a", "a"], "role": ["user", "bot"], "text": ["Hi", "Ho"]}
        ),
        "pairs": pl.DataFrame({"id": ["a"], "prompt": ["Hi"], "completion": ["Ho"]}),
    }
    for name, frame in frames.items():
        path = tmp_path / f"{name}.parquet"
        frame.write_parquet(path)
        batch = reading(path)
        assert batch.quarantined.is_empty(), name
        rows = batch.messages.select("conversation_id", "role", "text").rows()
        assert rows == [("a", "user", "Hi"), ("a", "assistant", "Ho")], name
    structs = reading(tmp_path / "structs.parquet").messages
    assert structs.select("parts", "extra").rows() == [(None, '{"score":0.1}'), ('{"name":"x"}', None)]
    assert reading(tmp_path / "rows.parquet").messages["extra"].to_list() == [
        '{"id":1}',
        '{"role":"bot","id":2}',
    ]


def test_our_own_curated_set_is_read_back(tmp_path: Path) -> None:
    call = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    kind = pl.Struct(
        {
            "role": pl.String,
            "content": pl.String,
            "weight": pl.Int64,
            "tool_calls": pl.List(pl.Struct({"id": pl.String, "type": pl.String, "function": pl.Struct({"name": pl.String, "arguments": pl.String})})),
            "tool_call_id": pl.String,
            "name": pl.String,
        }
    )  # fmt: skip
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "", "tool_calls": call},
        {"role": "tool", "content": "42", "tool_call_id": "1", "name": "f"},
        {"role": "assistant", "content": "Bad", "weight": 0},
    ]
    frame = pl.DataFrame(
        {"conversation_id": ["c1"], "messages": [messages], "words": [3]},
        schema_overrides={"messages": pl.List(kind)},
    )
    frame.write_parquet(tmp_path / "part-00000.parquet")
    batch = reading(tmp_path / "part-00000.parquet")
    assert batch.messages.select("role", "text", "verdict", "decided_by").rows() == [
        ("user", "Hi", "keep", None),
        ("assistant", "", "keep", None),
        ("tool", "42", "keep", None),
        ("assistant", "Bad", "mask", "as_read"),
    ]
    assert json.loads(batch.messages["parts"][1]) == {"tool_calls": call}
    assert batch.messages["extra"].to_list() == ['{"words":3}', None, None, None]


def test_a_damaged_parquet_file_is_named_and_the_rest_runs(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"thread": ["a"] * 1000, "role": ["user"] * 1000, "text": [str(at) for at in range(1000)]}
    )
    frame.write_parquet(tmp_path / "a.parquet")
    raw = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "b.parquet").write_bytes(raw[: len(raw) // 2])
    batch = reading(tmp_path)
    assert batch.messages.height == 1000
    assert batch.quarantined["reason"].to_list() == [
        "not a Parquet file that can be read: damaged or cut off"
    ]


def test_a_file_that_vanishes_is_one_row_of_the_quarantine(tmp_path: Path) -> None:
    for name, content in (("a.csv", f"{BOOK}\na,user,Hi\n"), ("b.csv", f"{BOOK}\nb,user,Ho\n")):
        written(tmp_path, content, name)
    found = planned(tmp_path)
    (tmp_path / "a.csv").unlink()
    batches = [read(piece) for piece in found.pieces]
    assert [row for one in batches for row in one.messages["text"]] == ["Ho"]
    assert [row for one in batches for row in one.quarantined["reason"]] == [
        "file vanished after it was looked at"
    ]


CELL = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r"), max_size=12)
HOSTILE = st.text(alphabet='",;\n\r\t ab\0é', max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8))
def test_every_cell_is_found_again(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["conversation_id", "role", "text", "note"])
    writer.writerows([f"c{at}", "user", *row] for at, row in enumerate(rows))
    batch = reading(written(tmp_path, out.getvalue()), encoding="utf-8", delimiter=",")
    assert batch.quarantined.is_empty()
    assert batch.messages["text"].to_list() == [text for text, _ in rows]
    notes = [json.loads(extra)["note"] if extra else "" for extra in batch.messages["extra"]]
    assert [str(note) for note in notes] == [note for _, note in rows]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(body=HOSTILE)
def test_hostile_text_never_crashes_and_every_byte_is_read_or_put_aside(tmp_path: Path, body: str) -> None:
    raw = f"{BOOK}\nz,user,first\n{body}\nz,user,last\n".encode()
    batch = reading(written(tmp_path, raw), encoding="utf-8", delimiter=",")
    assert batch.records == batch.messages.height + batch.quarantined.height
    held = b"".join(found for found in batch.quarantined["bytes"] if found)
    seen = (
        "".join(batch.messages["text"]).encode() + held + "".join(batch.messages["conversation_id"]).encode()
    )
    for letter in "é":
        assert seen.count(letter.encode()) == body.count(letter)
