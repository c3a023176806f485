"""`[[input]]` of a recipe beside INPUT: it says how to read those of the given files that it names."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

import curate
from curate import terminal
from curate.errors import InputError
from curate.preview import preview
from curate.readers.told import names
from curate.readers.types import InputOptions, Place

TABLE = "from;body\nJulie;A quote, please?\nShop;Yes: 240 €.\nJulie;Thanks!\n"
CHAT = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]}
RECIPE = """
[[input]]
files = {files}
format = "messages"
columns = {{ conversation_id = "*", role = "from", text = "body" }}
roles = {{ "Shop" = "assistant", "*" = "user" }}
[[pass]]
use = "repair_unicode"
"""


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    (tmp_path / "logs" / "shop").mkdir(parents=True)
    (tmp_path / "logs" / "shop" / "chat.csv").write_text(TABLE)
    (tmp_path / "logs" / "a.jsonl").write_text(json.dumps(CHAT) + "\n")
    return tmp_path / "logs"


def recipe(folder: Path, *files: str) -> Path:
    (folder / "r.toml").write_text(RECIPE.format(files=json.dumps(files)))
    return folder / "r.toml"


@pytest.mark.parametrize(
    "named", ["chat.csv", "*.csv", "shop/chat.csv", "shop", "**/chat.csv", "logs/shop/*.csv", "./logs"]
)
def test_it_names_a_given_file_by_name_folder_glob_or_from_the_recipe(
    named: str, logs: Path, tmp_path: Path
) -> None:
    run = curate.run(logs, tmp_path / "out", recipe(tmp_path, named))
    rows = run.messages.filter(source="shop/chat.csv").collect()
    assert rows["role"].to_list() == ["user", "assistant", "user"]
    assert run.manifest["unmatched"] == []


def test_files_that_it_does_not_name_are_found_out_as_ever(logs: Path, tmp_path: Path) -> None:
    run = curate.run(logs, tmp_path / "out", recipe(tmp_path, "chat.csv"))
    assert {one["source"]: one["format"] for one in run.manifest["inputs"]} == {
        "a.jsonl": "openai",
        "shop/chat.csv": "messages",
    }


def test_files_that_were_not_given_are_not_read(logs: Path, tmp_path: Path) -> None:
    run = curate.run(logs / "a.jsonl", tmp_path / "out", recipe(tmp_path, "logs/shop/chat.csv"))
    assert [one["source"] for one in run.manifest["inputs"]] == ["a.jsonl"]


def test_one_that_names_nothing_of_what_was_given_is_told_in_a_line(logs: Path, tmp_path: Path) -> None:
    made = recipe(tmp_path, "caht.csv", "2023")
    run = curate.run(logs, tmp_path / "out", made)
    said = io.StringIO()
    terminal.summary(Console(file=said, width=200), run, 1.0)
    assert "[[input]] of the recipe names none of the files given: 'caht.csv, 2023'" in said.getvalue()
    assert preview(logs, made, workers=1).unmatched == ("caht.csv, 2023",)
    with pytest.raises(InputError, match=r"'caht.csv, 2023' names none of the files given"):
        curate.run(logs / "shop", tmp_path / "other", made)


def test_a_format_given_with_the_files_stands_over_that_of_the_recipe(logs: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"chat\.csv"):
        curate.run(logs / "shop", tmp_path / "out", recipe(tmp_path, "chat.csv"), format="transcript")


def test_its_source_is_shown_for_the_file_it_names(logs: Path, tmp_path: Path) -> None:
    made = recipe(tmp_path, "chat.csv")
    made.write_text(made.read_text().replace("[[input]]", '[[input]]\nsource = "shop"'))
    run = curate.run(logs, tmp_path / "out", made)
    assert [one["source"] for one in run.manifest["inputs"]] == ["a.jsonl", "shop"]


def test_the_first_that_names_a_file_says_how_it_is_read(logs: Path, tmp_path: Path) -> None:
    made = recipe(tmp_path, "chat.csv")
    second = '[[input]]\nfiles = ["*.csv"]\nformat = "transcript"\n'
    made.write_text(made.read_text().replace("[[pass]]", second + "[[pass]]"))
    assert curate.run(logs, tmp_path / "out", made).manifest["counts"]["messages"] == 5


@pytest.mark.parametrize(
    ("named", "whether"),
    [
        ("slack.zip", True),
        ("slack.zip/*.jsonl", True),
        ("general.jsonl", True),
        ("*/general.jsonl", True),
        ("general", False),
        ("zip/general.jsonl", False),
    ],
)
def test_members_of_an_archive_are_named_as_files_of_a_folder(named: str, whether: bool) -> None:
    place = Place(path="/logs/slack.zip", member="general.jsonl", source="slack.zip/general.jsonl")
    assert names(InputOptions(files=(named,)), place) is whether


def test_a_file_at_a_url_is_named_by_its_url_or_its_name() -> None:
    place = Place(path="s3://logs/2024/a.jsonl", source="2024/a.jsonl")
    for named in ("a.jsonl", "s3://logs/*/a.jsonl", "2024"):
        assert names(InputOptions(files=(named,)), place)
    assert not names(InputOptions(files=("s3://other/*",)), place)
