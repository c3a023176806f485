"""A model that cannot be had is told in one sentence, at once, and leaves nothing behind; the Hub still works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs torch")

from typer.testing import CliRunner

from tests.train import small
from train import hub
from train.cli import app
from train.duel import contest
from train.errors import ConfigError, DataError, TrainError

ROOT = Path(__file__).parents[2]
ANSWERS = {"busy/model": 503, "closed/model": 403}
"""What the pretended Hub answers beside the one model that it has."""


class Hub(ThreadingHTTPServer):
    """A Hub on this machine that has one model, `here/tiny`; `seen` are the requests it got."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.folder = folder
        self.seen: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answer(BaseHTTPRequestHandler):
    """HEAD and GET of files as the Hub answers them."""

    server: Hub

    def do_HEAD(self) -> None:
        self.answer(b"")

    def do_GET(self) -> None:
        self.answer(None)

    def answer(self, body: bytes | None) -> None:
        if "/resolve/" in self.path:  # the library has questions of its own
            self.server.seen.append(self.path)
        name, _, file = self.path.split("?")[0].rpartition("/resolve/main/")
        name = name.rpartition("//")[2].partition("/")[2] if name.startswith("http") else name[1:]
        if name == "slow/model":
            time.sleep(3)
        place = self.server.folder / file
        if name == "here/tiny" and place.is_file():
            content = place.read_bytes()
            self.reply(200, {"ETag": f'"{len(content)}"', "X-Repo-Commit": "a" * 40}, content, body is None)
        elif name == "here/tiny" or self.path.startswith("/api/"):
            self.reply(404, {"X-Error-Code": "EntryNotFound"}, b"", False)
        elif name == "closed/model":
            self.reply(403, {"X-Error-Code": "GatedRepo"}, b"", False)
        else:
            self.reply(
                ANSWERS.get(name, 401),
                {"X-Error-Code": "RepoNotFound"} if name not in ANSWERS else {},
                b"",
                False,
            )

    def reply(self, status: int, headers: dict[str, str], content: bytes, whole: bool) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if whole:
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the terminal."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    small.model().save_pretrained(folder)
    small.tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def online(tiny: Path) -> Iterator[Hub]:
    with Hub(tiny) as server:
        yield server
        server.shutdown()


def said(code: str, home: Path, url: str, **more: str) -> str:
    """What a new process prints of a name, or its error; it knows no Hub but the one at `url`."""
    ours = (
        "HF_",
        "HUGGINGFACE_",
        "TRANSFORMERS_",
        "http_proxy",
        "HTTP_PROXY",
        "no_proxy",
        "NO_PROXY",
        "all_proxy",
    )
    env = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    script = f"from train.errors import TrainError\ntry:\n    {code}\nexcept TrainError as error:\n    print(error)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**env, "PYTHONPATH": str(ROOT), "HF_HOME": str(home), "HF_ENDPOINT": url, **more},
        cwd=home, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stderr.count("Retrying") == 0
    return done.stdout.strip()


def reached(name: str, home: Path, url: str, **more: str) -> str:
    return said(f"from train import hub; hub.reached('{name}'); print('it is there')", home, url, **more)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nobody/model", "the Hugging Face Hub has no model of that name"),
        ("nope", "the Hugging Face Hub has no model of that name"),
        ("closed/model", "is gated on the Hugging Face Hub; ask for access there"),
        ("busy/model", "answered with status 503); name a model's folder"),
        ("here/tiny", "it is there"),
    ],
)
def test_the_hub_is_asked_once_and_its_answer_told(
    name: str, sentence: str, online: Hub, tmp_path: Path
) -> None:
    assert sentence in reached(name, tmp_path, online.url)
    assert online.seen == [f"/{name}/resolve/main/config.json"]


def test_a_hub_that_does_not_answer_is_not_waited_for(online: Hub, tmp_path: Path) -> None:
    told = reached("slow/model", tmp_path, online.url, HF_HUB_ETAG_TIMEOUT="1")
    assert "did not answer within 1 s); name a model's folder, or try again with a network" in told


def test_the_hub_is_asked_through_the_proxy_of_the_environment(online: Hub, tmp_path: Path) -> None:
    assert reached("here/tiny", tmp_path, "http://hub.invalid", HTTP_PROXY=online.url) == "it is there"
    assert online.seen == ["http://hub.invalid/here/tiny/resolve/main/config.json"]


def test_nothing_is_asked_where_the_environment_forbids_it(online: Hub, tmp_path: Path) -> None:
    told = reached("here/tiny", tmp_path, online.url, HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE forbids" in told and not online.seen


def test_a_model_of_the_hub_is_loaded_and_then_from_its_cache_when_the_hub_is_away(
    online: Hub, tmp_path: Path
) -> None:
    code = "from train.export import open_model; print(type(open_model('here/tiny')[0]).__name__)"
    assert said(code, tmp_path, online.url) == "LlamaForCausalLM"
    asked = len(online.seen)
    assert asked > 2
    online.shutdown()
    online.server_close()
    assert said(code, tmp_path, online.url) == "LlamaForCausalLM"  # no "Retrying" either
    assert len(online.seen) == asked


def test_what_cannot_be_a_name_on_the_hub_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "asked", None)  # never reached
    for name in ("nowhere/models/chat", "./model/", "../model", "model/"):
        with pytest.raises(ConfigError, match=f"no folder '{name}' here"):
            hub.reached(name)


def test_a_folder_without_a_model_is_told_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no model"):
        hub.reached(str(tmp_path))
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"a curation run, no model; 'train fit "):
        hub.reached(str(tmp_path))
    (tmp_path / "train.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"not finished; 'train resume "):
        hub.reached(str(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        hub.reached(str(tmp_path / "file"))
    (tmp_path / "config.json").write_text("{}")
    hub.reached(str(tmp_path))


MISSING = [
    "fit RUN --model nope",
    "fit RUN --model TINY --tokenizer nope",
    "tokens RUN --model nope",
    "eval nope RUN --to eval.json",
    "chat nope",
    "chat nope --serve",
    "duel TINY nope --prompts RUN",
    "duel nope TINY --prompts RUN",
    "monitor nope --baseline RUN --logs RUN/README.md",
    "prove RUN --model nope",
    "prove RUN --trained a=TINY --trained b=nope",
    "tune RUN --model nope",
]


@pytest.mark.parametrize("words", MISSING)
def test_a_missing_model_is_told_before_anything_is_read_and_leaves_no_folder(
    words: str, out: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hub, "asked", lambda url, name, kind: "cannot be reached")
    monkeypatch.setattr(contest, "speaker", None)  # no model of a duel is opened before both are there
    hub.on_hub.cache_clear()
    done = CliRunner().invoke(app, words.replace("RUN", str(out)).replace("TINY", str(tiny)).split())
    assert isinstance(done.exception, ConfigError), (done.output, done.exception)
    assert str(done.exception).startswith("no folder 'nope' here, and the Hugging Face Hub cannot be asked")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("eval RUN TINY", "the arguments seem swapped; 'train eval TINY RUN'"),
        ("eval TINY LEARNED", "is a training run, not a curated set"),
        ("fit nowhere --model TINY", "curate run"),
        ("fit RUN --model SIZES --lora 4", "leave --lora out to train from scratch"),
        ("tune RUN --model SIZES --rank 4,8", "leave --rank out"),
        ("tune nowhere --model SIZES", "curate run"),
        ("prove nowhere", "curate run"),
        ("monitor TINY --baseline RUN --logs nowhere", "no logs at nowhere"),
        ("duel TINY TINY --prompts nowhere", "curate run"),
    ],
)
def test_other_inputs_that_cannot_be_used_leave_no_folder_either(
    words: str, sentence: str, out: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, learned, sizes = tmp_path / "work", tmp_path / "learned", tmp_path / "sizes.json"
    work.mkdir()
    learned.mkdir()
    (learned / "train.json").write_text("{}")
    (learned / "log.jsonl").write_text("{}\n")
    sizes.write_text(json.dumps({"model_type": "llama"}))
    monkeypatch.chdir(work)
    names = {"RUN": out, "TINY": tiny, "LEARNED": learned, "SIZES": sizes}
    for name, place in names.items():
        words, sentence = words.replace(name, str(place)), sentence.replace(name, str(place))
    done = CliRunner().invoke(app, words.split())
    assert isinstance(done.exception, ConfigError | DataError), (done.output, done.exception)
    assert isinstance(done.exception, TrainError) and sentence in str(done.exception)
    assert not list(work.iterdir())
