"""What `[[input]]` may say, and what it is told where it says something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import curate
from curate.errors import RecipeError
from curate.readers import InputOptions, plan, read
from tests.readers.reading import read_all, reasons


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"columns": {"txt": "body"}},
            r"unknown column 'txt' in columns of \[\[input\]\]; did you mean 'text'",
        ),
        ({"roles": {"kunde": "usr"}}, "unknown role 'usr' in the roles of .*; did you mean 'user'"),
        ({"encoding": "utf-88"}, "unknown encoding 'utf-88' in .*; did you mean 'utf-8'"),
        ({"encoding": "base64"}, "unknown encoding 'base64'"),
        ({"delimiter": "::"}, "delimiter '::' in .* is 2 characters long; it must be one, or auto, tab"),
        ({"format": "sharegtp"}, "unknown format 'sharegtp' in .*; did you mean 'sharegpt'"),
        ({"files": ()}, r"has no files; name some, as files = \["),
    ],
)
def test_an_option_that_is_none_of_ours_is_refused_before_anything_is_read(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(RecipeError, match=said):
        plan([InputOptions(**{"files": ("nowhere.csv",), **options})])


NAMES = "ticket,who,text\n1,Marie,Hi\n1,Shop,Hello\n1,Paul,And I\n"


def test_a_star_among_the_roles_is_every_other_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(NAMES)
    batch = read_all(tmp_path, roles={"Shop": "assistant", "*": "user"}, columns={"role": "who"})
    assert batch.messages["role"].to_list() == ["user", "assistant", "user"]
    assert [json.loads(extra)["role"] for extra in batch.messages["extra"]] == ["Marie", "Shop", "Paul"]
    assert reasons(batch) == []


def test_a_star_finds_the_column_of_names_by_the_ones_that_are_given(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ticket,sender,text\n" + NAMES.partition("\n")[2])
    batch = read_all(tmp_path, roles={"Shop": "assistant", "*": "user"})
    assert batch.messages["role"].to_list() == ["user", "assistant", "user"]


def test_a_star_holds_in_json_too_and_an_empty_role_is_still_none(tmp_path: Path) -> None:
    turns = [{"speaker": name, "text": "Hi"} for name in ("Marie", "bot")]
    lines = [{"turns": turns}, {"turns": [{"speaker": "", "text": "Hi"}]}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    batch = read_all(tmp_path, roles={"*": "user"})
    assert batch.messages["role"].to_list() == ["user", "assistant"]
    assert [record for record, _ in reasons(batch)] == [2]


NAMED = [
    {"ticket_id": "1", "role": "client", "text": "Hi", "customer_name": "Marie Dupont", "agent": ""},
    {
        "ticket_id": "1",
        "role": "agent",
        "text": "Hello",
        "customer_name": "Marie Dupont",
        "agent": "Zoé Martin",
    },
]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_field_for_the_person_behind_a_role_is_the_author(tmp_path: Path, kind: str) -> None:
    if kind == "jsonl":
        (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in NAMED))
    else:
        frame = pl.DataFrame(NAMED)
        frame.write_csv(tmp_path / "a.csv") if kind == "csv" else frame.write_parquet(tmp_path / "a.parquet")
    messages = read_all(tmp_path).messages
    assert messages["author"].to_list() == ["Marie Dupont", "Zoé Martin"]
    assert json.loads(messages["extra"][1])["customer_name"] == "Marie Dupont"
    assert "Zoé" not in messages["extra"][1]


@pytest.mark.parametrize("field", ["sender_name", "author_name", "display_name"])
def test_a_name_beside_the_role_is_the_author(tmp_path: Path, field: str) -> None:
    row = {"ticket_id": "1", "role": "client", "text": "Hi", field: "Marie Dupont"}
    (tmp_path / "a.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "b.csv").write_text(f"ticket,role,text,{field}\n2,client,Hi,Marie Dupont\n")
    assert read_all(tmp_path).messages["author"].to_list() == ["Marie Dupont"] * 2


def test_a_person_named_only_in_such_a_field_is_redacted_in_the_texts(tmp_path: Path) -> None:
    rows = [
        {**NAMED[0], "text": "Bonjour, ici Marie Dupont."},
        {**NAMED[1], "text": "Bonjour Marie Dupont !"},
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = curate.run(tmp_path, tmp_path / "out")
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*.jsonl"))
    told = run.messages.select("author", "text", "extra").collect()
    assert "Dupont" not in str(told.rows()) and b"Dupont" not in written


def test_the_last_cut_is_read_back_with_the_same_options(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(NAMES)
    options = InputOptions(
        files=(str(tmp_path),), roles={"Shop": "assistant", "*": "user"}, columns={"role": "who"}
    )
    whole = [read(piece).messages for piece in plan([options]).pieces]
    cut = [read(piece).messages for piece in plan([options], 1).pieces]
    assert pl.concat(whole).equals(pl.concat(cut))
