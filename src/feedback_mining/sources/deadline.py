"""A bound on the whole of a request; a client's own timeouts begin anew with every byte that arrives."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self


class Deadline:
    """Cuts the connection when `seconds` are over. One for a request and all of its redirects.

    Use as a context manager around each hop, and give `trace` to the client as its extension "trace".
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._socket: socket.socket | None = None
        self._timer: threading.Timer | None = None

    @property
    def left(self) -> float:
        """Seconds, never less than a moment: a client takes 0 for no bound."""
        return max(0.001, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self._end

    def extend(self, seconds: float) -> None:
        """Time spent waiting out of politeness is not the server's."""
        self._end += seconds

    def __enter__(self) -> Self:
        self._socket = None
        self._timer = threading.Timer(self.left, self._cut)
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer.join()

    def trace(self, event: str, info: dict[str, Any]) -> None:
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._socket = info["return_value"].get_extra_info("socket")
            if self.passed:  # the timer went off while the connection was still being made
                self._cut()

    def _cut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # closed already
                self._socket.shutdown(socket.SHUT_RDWR)
