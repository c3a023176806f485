"""Files, folders, globs and archives: what is listed, and under which name it is shown."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from curate.errors import InputError
from curate.readers.inputs import list_places
from curate.readers.types import InputOptions, Place

LINE = b'{"messages": [{"role": "user", "content": "Hi"}]}\n'


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    for name in ("b.jsonl", "2024/a.jsonl", "2024/deep/c.json", ".hidden/x.jsonl", ".DS_Store", "__MACOSX/y"):
        path = tmp_path / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(LINE)
    return tmp_path / "logs"


def shown(*files: Path | str, source: str = "") -> list[str]:
    found = list_places(InputOptions(files=tuple(map(str, files)), source=source))
    return [place.source if isinstance(place, Place) else place[0] for place in found]


def test_a_folder_gives_all_files_below_but_hidden_ones(logs: Path) -> None:
    assert shown(logs) == ["2024/a.jsonl", "2024/deep/c.json", "b.jsonl"]


def test_globs_and_files_name_them_from_where_they_begin(logs: Path) -> None:
    assert shown(logs / "**" / "*.jsonl") == ["2024/a.jsonl", "b.jsonl"]
    assert shown(logs / "*" / "a.jsonl") == ["2024/a.jsonl"]
    assert shown(logs / "2024" / "a.jsonl") == ["a.jsonl"]


def test_a_file_that_is_named_twice_is_read_once(logs: Path) -> None:
    assert shown(logs, logs / "b.jsonl", logs / "2024") == shown(logs / "2024", logs / "b.jsonl", logs)
    assert len(shown(logs, logs / "b.jsonl", logs / "2024")) == 3


def test_names_that_clash_are_told_apart(logs: Path) -> None:
    (logs / "2023").mkdir()
    (logs / "2023" / "a.jsonl").write_bytes(LINE)
    assert shown(logs / "2024", logs / "2023") == ["2023/a.jsonl", "2024/a.jsonl", "deep/c.json"]


def test_a_given_source_is_shown_instead(logs: Path) -> None:
    assert shown(logs / "b.jsonl", source="bank") == ["bank"]
    assert shown(logs, source="bank") == ["bank/2024/a.jsonl", "bank/2024/deep/c.json", "bank/b.jsonl"]


def test_an_archive_is_a_folder_of_its_members(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "slack.zip", "w") as archive:
        for name in ("general/b.jsonl", "a.jsonl", "__MACOSX/a.jsonl", ".git/x"):
            archive.writestr(name, LINE)
        archive.writestr("inner.zip", b"PK\x03\x04...")
    assert shown(tmp_path) == ["slack.zip/a.jsonl", "slack.zip/general/b.jsonl", "slack.zip/inner.zip"]
    refused = [
        place for place in list_places(InputOptions(files=(str(tmp_path),))) if isinstance(place, tuple)
    ]
    assert refused == [("slack.zip/inner.zip", "an archive inside an archive; unpack it first")]


def test_a_glob_that_matches_only_hidden_things_is_an_error(logs: Path) -> None:
    with pytest.raises(InputError, match="no file matches"):
        shown(logs / "*.xlsx")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert list_places(InputOptions(files=(str(tmp_path),))) == [("pipe", "not a regular file")]


def test_a_run_inside_the_folder_that_is_read_is_not_read_again(tmp_path: Path) -> None:
    for name in (
        "a.jsonl",
        "out/manifest.json",
        "out/verdicts/part-00000.parquet",
        "out/curated/part-00000.jsonl",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    places = list_places(InputOptions(files=(str(tmp_path),)))
    assert [place.source for place in places if isinstance(place, Place)] == ["a.jsonl"]
