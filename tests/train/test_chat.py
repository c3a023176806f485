"""`train chat`: real clients of OpenAI's API, redaction around the model, a conversation on the terminal."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("openai", reason="a real client of the API")

import openai

from tests.train.speaking import Scripted
from train.chat.completions import Service
from train.chat.private import Redaction, redaction_of, restored, restoring
from train.chat.serve import Server
from train.chat.talk import Talk, converse
from train.errors import ConfigError
from train.export import open_model
from train.generate import Sampling, Speaker, TooLongError
from train.records import Message
from train.render import Renderer

MAIL = "jean.dupont@exemple.fr"
HELLO: Any = [{"role": "user", "content": "the red kettle"}]
WEATHER: Any = [
    {
        "type": "function",
        "function": {
            "name": "send",
            "parameters": {"type": "object", "properties": {"to": {"type": "string"}}},
        },
    }
]


@contextmanager
def served(
    says: Callable[[str], str] | Speaker, redaction: Redaction | None = None, log: list[str] | None = None
) -> Iterator[tuple[Any, Speaker, Server]]:
    """A client of a server on a free port, and what speaks behind it."""
    speaker = says if isinstance(says, Speaker) else Scripted(says)
    heard = log if log is not None else []
    service = Service(speaker, "tiny", Sampling(most=200), redaction)
    with Server(service, 0, heard.append) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            with openai.OpenAI(base_url=server.url, api_key="none", max_retries=0) as client:
                yield client, speaker, server
        finally:
            server.shutdown()
            thread.join()


def test_a_real_client_gets_the_answer_whole_and_in_pieces() -> None:
    with served(lambda prompt: "we send été a new one") as (client, _, _):
        assert [one.id for one in client.models.list()] == ["tiny"]
        assert client.models.retrieve("tiny").id == "tiny"
        whole = client.chat.completions.create(model="tiny", messages=HELLO)
        assert whole.choices[0].message.content == "we send été a new one"
        assert whole.choices[0].finish_reason == "stop"
        usage = whole.usage
        assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 8
        options = {"include_usage": True}
        chunks = list(
            client.chat.completions.create(model="tiny", messages=HELLO, stream=True, stream_options=options)
        )
        assert (
            "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
            == whole.choices[0].message.content
        )
        assert len(chunks) > 4 and chunks[-2].choices[0].finish_reason == "stop"
        assert chunks[-1].usage == usage


def test_the_model_of_a_folder_answers_a_client_as_it_does_here(tmp_path: Path) -> None:
    from tests.train import small

    small.model().save_pretrained(tmp_path)
    small.tokenizer().save_pretrained(tmp_path)
    model, tokenizer = open_model(tmp_path)
    speaker = Speaker(model, Renderer(tokenizer))
    here = speaker.answer(
        [Message("user", "the red kettle")], Sampling(most=12, temperature=1, seed=5)
    ).whole()
    with served(speaker) as (client, _, _):
        there = client.chat.completions.create(
            model="tiny", messages=HELLO, max_completion_tokens=12, temperature=1, seed=5
        )
    assert there.choices[0].message.content == here
    assert there.usage.completion_tokens <= 12


def test_stop_texts_and_lengths_end_an_answer() -> None:
    with served(lambda prompt: "one two three four") as (client, _, _):
        cut = client.chat.completions.create(model="tiny", messages=HELLO, stop=[" three"])
        assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == ("one two", "stop")
        short = client.chat.completions.create(model="tiny", messages=HELLO, max_tokens=1)
        assert (short.usage.completion_tokens, short.choices[0].finish_reason) == (1, "length")


@pytest.mark.parametrize(
    ("changed", "status", "param", "sentence"),
    [
        ({"model": "other"}, 404, "model", "this server has 'tiny'"),
        ({"n": 2}, 400, "n", "only as 1"),
        ({"temperature": 9}, 400, None, "from 0"),
        ({"temperature": True}, 400, "temperature", "a number"),
        ({"messages": []}, 400, "messages", "at least one"),
        ({"messages": [{"role": "bot", "content": "x"}]}, 400, "messages[0].role", "user, assistant"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            400,
            "messages[0].content",
            "text parts",
        ),
        (
            {"messages": [{"role": "user", "content": "red " * 600}]},
            400,
            "messages",
            "leave out earlier turns",
        ),
        ({"extra_body": {"temprature": 1}}, 400, "temprature", "did you mean 'temperature'"),
        ({"response_format": {"type": "json_object"}}, 400, "response_format", "only as"),
    ],
)
def test_what_cannot_be_served_is_refused_by_field(
    changed: dict[str, Any], status: int, param: str | None, sentence: str
) -> None:
    log: list[str] = []
    with served(lambda prompt: "yes", log=log) as (client, _, _):
        with pytest.raises(openai.APIStatusError) as refused:
            client.chat.completions.create(**{"model": "tiny", "messages": HELLO, **changed})
        assert refused.value.status_code == status
        assert refused.value.body["param"] == param and sentence in refused.value.body["message"]
        again = client.chat.completions.create(model="tiny", messages=HELLO)
        assert again.choices[0].message.content == "yes"
    assert "red" not in " ".join(log)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Host": "evil.example:80"}, "{}", 403),
        ({"Content-Type": "text/plain"}, "{}", 415),
        ({}, "{", 400),
        ({}, "[]", 400),
        ({"Content-Length": str(2**30)}, "", 413),
    ],
)
def test_other_sites_and_broken_bodies_get_no_answer(headers: dict[str, str], body: str, status: int) -> None:
    with served(lambda prompt: "yes") as (_, speaker, server):
        line = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
        line.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json", **headers})
        answer = line.getresponse()
        assert answer.status == status and "error" in json.loads(answer.read())
        line.close()
        assert not speaker.seen


def test_redaction_hides_values_from_the_model_and_puts_them_back() -> None:
    log: list[str] = []
    with served(lambda prompt: "noted <EMAIL_1>, bye <EMAIL_9>", redaction_of("nowhere"), log) as (
        client,
        speaker,
        _,
    ):
        asked: Any = [{"role": "user", "content": f"I am {MAIL}"}]
        whole = client.chat.completions.create(model="tiny", messages=asked)
        assert whole.choices[0].message.content == f"noted {MAIL}, bye <EMAIL_9>"
        pieces = client.chat.completions.create(model="tiny", messages=asked, stream=True)
        told = "".join(one.choices[0].delta.content or "" for one in pieces)
        assert told == whole.choices[0].message.content
    assert len(speaker.seen) == 2 and all("<EMAIL_1>" in seen and MAIL not in seen for seen in speaker.seen)
    assert MAIL not in " ".join(log)


def test_names_that_a_client_gives_are_hidden_too() -> None:
    with served(lambda prompt: "Hello <PERSON_1>", redaction_of("nowhere")) as (client, speaker, _):
        asked: Any = [{"role": "user", "name": "Maxime Durand", "content": "This is Maxime Durand"}]
        told = client.chat.completions.create(model="tiny", messages=asked)
    assert "Durand" not in speaker.seen[0] and told.choices[0].message.content == "Hello Maxime Durand"


def test_tool_calls_are_read_with_their_values_put_back() -> None:
    call = '<tool_call>\n{"name": "send", "arguments": {"to": "<EMAIL_1>"}}\n</tool_call>'
    with served(lambda prompt: call, redaction_of("nowhere")) as (client, speaker, _):
        asked: Any = [{"role": "user", "content": f"write to {MAIL}"}]
        told = client.chat.completions.create(model="tiny", messages=asked, tools=WEATHER)
        made = told.choices[0].message.tool_calls[0]
        assert told.choices[0].finish_reason == "tool_calls"
        assert (made.function.name, json.loads(made.function.arguments)) == ("send", {"to": MAIL})
        turn: Any = [
            *asked,
            told.choices[0].message.model_dump(exclude_none=True),
            {"role": "tool", "tool_call_id": made.id, "content": f"sent to {MAIL}"},
        ]
        client.chat.completions.create(model="tiny", messages=turn, tools=WEATHER)
        streamed = list(
            client.chat.completions.create(model="tiny", messages=asked, tools=WEATHER, stream=True)
        )
        [piece] = [c for c in streamed if c.choices[0].delta.tool_calls]
        assert json.loads(piece.choices[0].delta.tool_calls[0].function.arguments) == {"to": MAIL}
    assert all(MAIL not in seen for seen in speaker.seen)


def test_a_client_that_goes_away_stops_the_answer_and_the_next_is_served() -> None:
    class Endless(Scripted):
        made = 0

        def ids(self, prompt: Any, sampling: Sampling, most: int) -> Iterator[int]:
            for _ in range(20_000):
                Endless.made += 1
                yield 300

    speaker = Endless(lambda prompt: "")
    speaker.room = 10**6
    service = Service(speaker, "tiny", Sampling(most=20_000))
    log: list[str] = []
    with Server(service, 0, log.append) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        line = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
        body = json.dumps({"model": "tiny", "messages": HELLO, "stream": True})
        line.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
        answer = line.getresponse()
        answer.read(10)
        answer.close()
        line.close()
        with server.turn:  # free again before the answer was whole
            assert Endless.made < 20_000
        server.shutdown()
    assert log == ["the client went away"]


def test_restoring_finds_stand_ins_wherever_pieces_are_cut() -> None:
    text, values = "a <EMAIL_1><EMAIL_12> <b <EMAIL_3>", {"<EMAIL_1>": "x@y.z", "<EMAIL_12>": "<EMAIL_1>"}
    wanted = "a x@y.z<EMAIL_1> <b <EMAIL_3>"
    assert restored(text, values) == wanted
    for size in range(1, 9):
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        assert "".join(restoring(pieces, values)) == wanted


def test_the_redaction_is_that_of_the_run_behind_the_model(tmp_path: Path) -> None:
    passes = [{"name": "redact_pii", "use": "redact_pii", "options": {"kinds": ["email"], "regions": ["FR"]}}]
    (tmp_path / "data_manifest.json").write_text(json.dumps({"recipe": {"passes": passes}}))
    told = redaction_of(tmp_path)
    assert told.of_run and told.settings.kinds == {"email"}
    shown, values = told.redact([Message("user", f"{MAIL} or 06 12 34 56 78")])
    assert shown[0].content == "<EMAIL_1> or 06 12 34 56 78" and values == {"<EMAIL_1>": MAIL}
    assert not redaction_of(tmp_path / "elsewhere").of_run


def test_a_conversation_goes_on_and_can_be_taken_back() -> None:
    speaker = Scripted(lambda prompt: f"answer {len(re.findall('kettle', prompt))}")
    talk = Talk(speaker, Sampling())
    assert "".join(talk.say("kettle")) == "answer 1"
    assert "".join(talk.say("kettle again")) == "answer 2"
    assert talk.undo() and [one.role for one in talk.messages] == ["user", "assistant"]
    talk.reset("be kind")
    assert [one.content for one in talk.messages] == ["be kind"] and not talk.undo()


def test_what_no_longer_fits_is_left_out_from_the_front_and_said() -> None:
    speaker = Scripted(lambda prompt: "ok", positions=160)
    talk = Talk(speaker, Sampling(), system="be kind")
    for number in range(6):
        assert "".join(talk.say(f"kettle {number} " + "please " * 12)) == "ok"
    assert talk.forgotten > 0
    assert "kettle 5" in speaker.seen[-1] and "kettle 0" not in speaker.seen[-1]
    assert "be kind" in speaker.seen[-1]
    before = list(talk.messages)
    with pytest.raises(TooLongError):
        "".join(talk.say("please " * 300))
    assert talk.messages == before


def test_commands_and_unknown_commands(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    talk = Talk(Scripted(lambda prompt: "yes"), Sampling())
    lines = ["/system be kind", "hello", "/undo", "/undo", "/nonsense", "", "/quit", "never"]
    converse(talk, Console(stderr=True), iter(lines))
    told = capsys.readouterr()
    assert told.out == "yes\n"
    assert "taken back" in told.err and "nothing to take back" in told.err and "unknown command" in told.err
    assert [one.content for one in talk.messages] == ["be kind"]


def test_the_verb_answers_what_is_piped_to_it(tmp_path: Path) -> None:
    from tests.train import small

    small.model().save_pretrained(tmp_path / "model")
    small.tokenizer().save_pretrained(tmp_path / "model")
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from train.cli import main; main()"
    command = [sys.executable, "-c", code, str(Path(__file__).parents[2]), "chat", "model", "--redact"]
    asked = {"input": f"I am {MAIL}\n", "capture_output": True, "text": True, "cwd": tmp_path}
    runs = [
        subprocess.run([*command, "--seed", "3", "--most", "8"], check=True, **asked)  # type: ignore[call-overload]
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout and runs[0].stdout.strip()
    assert "1 private value(s)" in runs[0].stderr and MAIL not in runs[0].stderr


def test_a_device_that_is_not_there_is_one_sentence() -> None:
    from train.chat.opening import speaker

    with pytest.raises(ConfigError, match="--dtype"):
        speaker("nowhere", dtype="float23")
    with pytest.raises(ConfigError, match=r"no GPU|cannot be used|no model"):
        speaker("nowhere", device="cuda:9")
