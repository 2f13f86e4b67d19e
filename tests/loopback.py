"""A real HTTP server on 127.0.0.1 that plays whatever a test scripts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None  # what Content-Length claims


@dataclass
class Request:
    path: str
    query: str
    headers: dict[str, str]


@dataclass
class Server:
    url: str
    requests: list[Request]
    routes: dict[str, Callable[[Request], Answer]]

    def answer(self, path: str, *answers: Answer) -> None:
        """One answer after the other; the last one stays."""
        left = list(answers)
        self.routes[path] = lambda _: left.pop(0) if len(left) > 1 else left[0]

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


def json_answer(content: Any, **headers: str) -> Answer:
    return Answer(json.dumps(content, ensure_ascii=False).encode(), headers=headers)


@contextmanager
def serve() -> Iterator[Server]:
    requests: list[Request] = []
    routes: dict[str, Callable[[Request], Answer]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            names = {name.lower(): value for name, value in self.headers.items()}
            request = Request(parts.path, parts.query, names)
            requests.append(request)
            route = routes.get(parts.path)
            answer = route(request) if route else Answer(b"missing", 404)
            known = names.get("if-none-match"), names.get("if-modified-since")
            if {*known} & {answer.headers.get("ETag"), answer.headers.get("Last-Modified")} - {None}:
                answer = Answer(status=304)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name.replace("_", "-"), value)
            length = len(answer.body) if answer.length is None else answer.length
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_address[1]}", requests, routes)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
