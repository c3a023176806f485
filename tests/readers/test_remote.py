"""Inputs by https: what a server may do and not do, and what is told of it."""

from __future__ import annotations

import gzip
import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest

from curate.errors import InputError
from curate.readers import InputOptions, digest, plan, read
from tests.readers.reading import read_all

pytest.importorskip("aiohttp", reason="aiohttp is not installed: pip install 'tamis[http]'")

FILES: dict[str, bytes] = {}


class Server(BaseHTTPRequestHandler):
    """Serves FILES: under /ranges/ in parts, under /whole/ only whole, under /bare/ without a length."""

    def __init__(self, *arguments: object, asked: list[str]) -> None:
        self.asked = asked
        super().__init__(*arguments)  # type: ignore[arg-type]

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        self.asked.append(self.path)
        if path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", path.replace("/moved/", "/ranges/"))
            self.end_headers()
            return
        if path.startswith("/loop/"):
            self.send_response(302)
            self.send_header("Location", path)
            self.end_headers()
            return
        _, kind, name = path.split("/", 2)
        if name not in FILES:
            self.send_error(404, "mary.jones@example.com was here")
            return
        body, status = FILES[name], 200
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if kind == "ranges" and span:
            body, status = body[int(span[1]) : int(span[2]) + 1], 206
        self.send_response(status)
        if kind != "bare":
            self.send_header("Content-Length", str(len(body)))
        if kind == "ranges":
            self.send_header("ETag", f'"{hash(FILES[name])}"')
        self.end_headers()
        if with_body:
            self.wfile.write(body)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    running = ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, asked=asked))  # type: ignore[arg-type]
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}", asked
    running.shutdown()


LINES = b"".join(
    json.dumps({"id": f"c{at}", "messages": [{"role": "user", "content": f"Hi {at}"}]}).encode() + b"\n"
    for at in range(200)
)
ROWS = "ticket,role,text\n" + "".join(f"{at},user,Hi {at}\n" for at in range(200))


def put(tmp_path: Path, name: str) -> None:
    """A file of each kind on the server, and the same on disk."""
    table = io.BytesIO()
    pl.read_csv(io.StringIO(ROWS)).write_parquet(table)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/a.jsonl", LINES)
    kinds = {
        "a.jsonl": LINES,
        "a.jsonl.gz": gzip.compress(LINES, mtime=0),
        "a.csv": ROWS.encode(),
        "a.json": b"[" + LINES.strip().replace(b"\n", b",\n") + b"]",
        "a.parquet": table.getvalue(),
        "a.zip": packed.getvalue(),
    }
    FILES[name] = kinds[name]
    (tmp_path / name).write_bytes(kinds[name])


@pytest.mark.parametrize("kind", ["ranges", "whole", "bare"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv", "a.json", "a.parquet", "a.zip"])
def test_a_file_is_read_the_same_from_any_server(
    tmp_path: Path, server: tuple[str, list[str]], name: str, kind: str
) -> None:
    put(tmp_path, name)
    for shard_bytes in (2000, 1 << 20):
        here = read_all(tmp_path / name, shard_bytes=shard_bytes)
        there = read_all([f"{server[0]}/{kind}/{name}?token=secret"], shard_bytes=shard_bytes)
        assert there.messages.equals(here.messages) and here.conversations == 200
        assert there.quarantined.height == 0


def test_a_redirect_is_followed_and_the_name_is_the_one_given(
    tmp_path: Path, server: tuple[str, list[str]]
) -> None:
    put(tmp_path, "a.jsonl")
    batch = read_all([f"{server[0]}/moved/a.jsonl"])
    assert batch.conversations == 200
    assert batch.messages["source"].unique().to_list() == ["a.jsonl"]


@pytest.mark.parametrize("path", ["ranges/none.jsonl", "loop/a.jsonl"])
def test_what_is_not_there_is_an_error_without_query_and_text_of_the_server(
    server: tuple[str, list[str]], path: str
) -> None:
    host = server[0].removeprefix("http://")
    with pytest.raises(InputError) as told:
        plan([InputOptions(files=(f"http://ann:secret@{host}/{path}?token=secret",))])
    assert str(told.value).startswith(f"input 'http://{host}/{path}' does not exist or may not be read")
    assert "secret" not in str(told.value) and "mary" not in str(told.value)


def test_nobody_at_home_is_an_error_of_the_same_form() -> None:
    with pytest.raises(InputError, match=r"input 'http://127\.0\.0\.1:9/a\.jsonl' does not exist"):
        plan([InputOptions(files=("http://127.0.0.1:9/a.jsonl",))])


def test_an_address_without_a_file_and_an_unknown_scheme_are_told(server: tuple[str, list[str]]) -> None:
    with pytest.raises(InputError, match="names no file; give the URL of each file"):
        plan([InputOptions(files=(f"{server[0]}/ranges/",))])
    with pytest.raises(InputError, match="'nowhere://' cannot be read here"):
        plan([InputOptions(files=("nowhere://a/b",))])


def test_two_files_of_one_name_are_told_apart(tmp_path: Path, server: tuple[str, list[str]]) -> None:
    put(tmp_path, "a.jsonl")
    urls = tuple(f"{server[0]}/{kind}/a.jsonl" for kind in ("ranges", "whole"))
    host = server[0].removeprefix("http://")
    assert [look.source for look in plan([InputOptions(files=urls)]).detected] == [
        f"{host}/ranges/a.jsonl",
        f"{host}/whole/a.jsonl",
    ]
    mixed = plan([InputOptions(files=(urls[0], str(tmp_path / "a.jsonl")))]).detected
    assert [look.source for look in mixed] == [f"{host}/ranges/a.jsonl", "a.jsonl"]


def test_a_file_that_vanishes_from_its_server_is_one_row(
    tmp_path: Path, server: tuple[str, list[str]]
) -> None:
    put(tmp_path, "a.jsonl")
    (piece,) = plan([InputOptions(files=(f"{server[0]}/ranges/a.jsonl",))]).pieces
    del FILES["a.jsonl"]
    assert read(piece).quarantined["reason"].to_list() == ["file vanished after it was looked at"]


def test_a_changed_file_is_known_by_what_its_server_calls_it(
    tmp_path: Path, server: tuple[str, list[str]]
) -> None:
    def key(kind: str) -> str:
        (piece,) = plan([InputOptions(files=(f"{server[0]}/{kind}/a.jsonl",))]).pieces
        return digest(piece)

    put(tmp_path, "a.jsonl")
    for kind in ("ranges", "whole"):
        before = key(kind)
        assert key(kind) == before
        FILES["a.jsonl"] = LINES.replace(b"Hi 1", b"Ho 1")
        assert key(kind) != before
        put(tmp_path, "a.jsonl")
