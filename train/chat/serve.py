"""A model on localhost behind OpenAI's `/v1/chat/completions`, for any client that speaks it.

Only this machine is answered, and nothing that is said is written anywhere: the log has a time, a status and
token counts.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from train.chat.asking import RequestError
from train.chat.completions import Answering, Service
from train.errors import ConfigError

LARGEST = 16 * 2**20
"""Bytes of a request at most."""
HERE = ("localhost", "127.0.0.1", "[::1]")
"""Names by which a client may call: a page of another site that points its own name here is refused."""

Say = Callable[[str], None]


class Server(ThreadingHTTPServer):
    """The server; one answer is made at a time, others wait their turn."""

    daemon_threads = True

    def __init__(self, service: Service, port: int, say: Say) -> None:
        self.service, self.say = service, say
        self.turn = threading.Lock()
        try:
            super().__init__(("127.0.0.1", port), Handler)
        except OSError as error:
            raise ConfigError(
                f"port {port} cannot be used: {error.strerror}; give another with --port"
            ) from None

    @property
    def url(self) -> str:
        """What a client takes as its base URL."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds for a client to send its request

    def do_GET(self) -> None:
        """The list of models, which has one."""
        model = {"id": self.server.service.model, "object": "model", "created": 0, "owned_by": "you"}
        if self.path == "/v1/models":
            self.reply(200, {"object": "list", "data": [model]})
        elif self.path == f"/v1/models/{model['id']}":
            self.reply(200, model)
        else:
            self.reply(404, nowhere().told())

    def do_POST(self) -> None:
        """A chat completion."""
        try:
            body = self.body()
            with self.server.turn:
                answering = self.server.service.asked(body)
                self.stream(answering) if answering.wanted.stream else self.reply(200, answering.whole())
            usage = answering.usage
            self.server.say(f"{usage['prompt_tokens']} tokens read, {usage['completion_tokens']} said")
        except RequestError as error:
            self.server.say(f"{error.status}: {error.code} {error.param or ''}")
            self.reply(error.status, error.told())
        except ConnectionError:
            self.close_connection = True  # the client went away: its answer is made no further
            self.server.say("the client went away")

    def body(self) -> Any:
        """The request's JSON. Raises RequestError, before any of it is looked at, where it may not ask."""
        size = int(self.headers.get("Content-Length") or 0)
        if size > LARGEST:
            self.close_connection = True
            raise RequestError(f"the request has {size} bytes; {LARGEST} at most", None, "too_large", 413)
        raw = self.rfile.read(size)
        if self.path != "/v1/chat/completions":
            raise nowhere()
        if (self.headers.get("Host") or "").rpartition(":")[0] not in HERE:
            raise RequestError(
                "only clients that call this machine by its own name are answered", None, "host", 403
            )
        if self.headers.get_content_type() != "application/json":
            raise RequestError("the Content-Type must be application/json", None, "content_type", 415)
        try:
            return json.loads(raw)
        except ValueError:
            raise RequestError("the body is not JSON") from None

    def stream(self, answering: Answering) -> None:
        """The answer as server-sent events, each chunk as it is made."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in answering.chunks():
            self.event(json.dumps(chunk, ensure_ascii=False))
        self.event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def event(self, data: str) -> None:
        """One event, as a chunk of HTTP/1.1."""
        told = f"data: {data}\n\n".encode("utf-8", "replace")
        self.wfile.write(f"{len(told):x}\r\n".encode() + told + b"\r\n")
        self.wfile.flush()

    def reply(self, status: int, told: Any) -> None:
        """A JSON answer."""
        data = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: paths and headers may hold what is private; `say` tells what may be told."""


def nowhere() -> RequestError:
    """The error for a path that is not served."""
    known = "/v1/chat/completions and /v1/models"
    return RequestError(f"nothing at this path; {known} are served", None, "not_found", 404)
