"""Fetch over HTTP with care: public addresses only, bounded, at a polite pace, tried again when it may help.

Importing this module imports no HTTP library; a `Fetcher` does.
"""

from __future__ import annotations

import random
import socket
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin

from feedback_mining import __version__
from feedback_mining.errors import FetchError, SourceRefused, Unreachable
from feedback_mining.sources.addresses import is_public, shown
from feedback_mining.sources.deadline import Deadline

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState

MAX_REDIRECTS = 5
_MAX_WAIT = 60.0  # seconds; a server that asks for more is left until the next run
_ENCODINGS = {"": 0, "identity": 0, "gzip": 47, "x-gzip": 47, "deflate": 47}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of every request: bytes after decompression, seconds, attempts."""

    max_bytes: int = 20_000_000
    seconds: float = 60.0
    connect_seconds: float = 10.0
    attempts: int = 4
    min_interval: float = 1.0  # seconds between two requests to one host
    backoff: float = 1.0  # seconds before the second attempt, doubled for each after it


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    url: str
    headers: Mapping[str, str]  # names in lower case
    content: bytes


class _Again(Exception):
    def __init__(self, error: FetchError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error, self.wait = error, wait


class Fetcher:
    """One client for one source. Use as a context manager; not for several threads.

    allow_hosts: names that may resolve to addresses that are not public, compared exactly.
    """

    def __init__(
        self,
        *,
        allow_hosts: tuple[str, ...] = (),
        limits: Limits | None = None,
        contact: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx

        self.limits = limits or Limits()
        self.user_agent = f"feedback_mining/{__version__}" + (f" ({contact})" if contact else "")
        self._allowed = frozenset(host.lower() for host in allow_hosts)
        self._sleep = sleep
        self._last: dict[str, float] = {}
        self.intervals: dict[str, float] = {}
        # No connection is kept: one that was made for another name must not be used again.
        self._client = httpx.Client(
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (200,),
    ) -> Response:
        """GET with retries; `headers` are dropped when a redirect leaves the host.

        Raises SourceRefused (an address that is not allowed, a status that says no, too much data) and
        Unreachable (still failing after the last attempt).
        """
        import tenacity

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.limits.attempts),
            retry=tenacity.retry_if_exception_type(_Again),
            wait=self._wait,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._follow, url, params, dict(headers or {}), accept)
        except _Again as again:
            raise again.error from None

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _Again) and error.wait is not None:
            return error.wait
        wait: float = min(_MAX_WAIT, self.limits.backoff * 2.0 ** (state.attempt_number - 1))
        return wait * random.uniform(0.5, 1)

    def _follow(
        self, url: str, params: Mapping[str, Any] | None, headers: dict[str, str], accept: tuple[int, ...]
    ) -> Response:
        import httpx

        try:
            target = httpx.URL(url, params=params) if params else httpx.URL(url)
        except (httpx.InvalidURL, ValueError):
            raise SourceRefused(f"{shown(url)}: not a URL; expected http:// or https:// and a host") from None
        deadline = Deadline(self.limits.seconds)
        for _ in range(MAX_REDIRECTS + 1):
            response = self._once(target, headers, deadline)
            location = response.headers.get("location")
            if response.status not in {301, 302, 303, 307, 308} or not location:
                return self._checked(response, accept)
            try:
                following = httpx.URL(urljoin(str(target), location))
            except (httpx.InvalidURL, ValueError):
                raise SourceRefused(f"{shown(url)} redirects to something that is no URL") from None
            if (following.scheme, following.host, following.port) != (
                target.scheme,
                target.host,
                target.port,
            ):
                headers = {}
            target = following
        raise SourceRefused(f"{shown(url)} redirects more than {MAX_REDIRECTS} times; check the address")

    def _once(self, url: httpx.URL, headers: Mapping[str, str], deadline: Deadline) -> Response:
        import httpx

        address = self.checked_address(url)
        deadline.extend(self._pace(url.host))
        name = shown(str(url))
        slow = _Again(Unreachable(f"{name}: slower than {self.limits.seconds:g} s; try again later"))
        if deadline.passed:
            raise slow
        request = self._client.build_request(
            "GET",
            url.copy_with(host=address),
            headers={
                "User-Agent": self.user_agent,
                "Accept-Encoding": "gzip",
                **headers,
                "Host": url.netloc.decode("ascii").rpartition("@")[2],
            },
            timeout=httpx.Timeout(deadline.left, connect=min(deadline.left, self.limits.connect_seconds)),
            extensions={"sni_hostname": url.host, "trace": deadline.trace},
        )
        try:
            with deadline, closing(self._client.send(request, stream=True)) as response:
                content = self._body(response, name)
        except httpx.TransportError as error:
            if deadline.passed:
                raise slow from None
            raise _Again(
                Unreachable(f"{name}: {type(error).__name__}; check the address, or try again later")
            ) from None
        names = {key.lower(): value for key, value in response.headers.items()}
        return Response(response.status_code, str(url), names, content)

    def checked_address(self, url: httpx.URL) -> str:
        """The address to connect to: the one that was checked, so that a second look-up cannot change it."""
        name = shown(str(url))
        if url.scheme not in {"http", "https"} or not url.host:
            raise SourceRefused(f"{name}: only http:// and https:// addresses are fetched")
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            error = Unreachable(f"{name}: the host name cannot be resolved; check it, or try again later")
            raise _Again(error) from None
        addresses = [str(entry[4][0]) for entry in found]
        if url.host.lower() not in self._allowed and not all(map(is_public, addresses)):
            raise SourceRefused(
                f"{name}: the host lies at a private or local address, where nothing is fetched; "
                f"if it is yours, add it to allow_hosts of this source"
            )
        return addresses[0]

    def _pace(self, host: str) -> float:
        """Wait for the host's turn. Returns the seconds that it took."""
        began = time.monotonic()
        interval = max(self.limits.min_interval, self.intervals.get(host, 0.0))
        last = self._last.get(host)
        if last is not None and interval > 0:
            wait = last + interval * random.uniform(1, 1.25) - began
            if wait > 0:
                self._sleep(wait)
        self._last[host] = time.monotonic()
        return self._last[host] - began

    def _body(self, response: httpx.Response, name: str) -> bytes:
        encoding = response.headers.get("content-encoding", "").lower().strip()
        if encoding not in _ENCODINGS:
            raise SourceRefused(f"{name}: compressed as {encoding[:20]!r}, expected gzip or nothing")
        unpack = zlib.decompressobj(_ENCODINGS[encoding]) if _ENCODINGS[encoding] else None
        content = bytearray()
        for chunk in response.iter_raw():
            room = self.limits.max_bytes - len(content) + 1
            try:
                content += unpack.decompress(chunk, room) if unpack else chunk
            except zlib.error:
                raise _Again(Unreachable(f"{name}: the compressed answer is damaged")) from None
            if len(content) > self.limits.max_bytes:
                raise SourceRefused(
                    f"{name}: the answer passes {self.limits.max_bytes} bytes; "
                    f"ask for less, or raise max_bytes of this source"
                )
        if unpack and content and not unpack.eof:
            raise _Again(Unreachable(f"{name}: the answer ends too early; try again later"))
        return bytes(content)

    def _checked(self, response: Response, accept: tuple[int, ...]) -> Response:
        status, name = response.status, shown(response.url)
        if status in accept:
            return response
        if status == 429 or status >= 500:
            wait = _retry_after(response.headers.get("retry-after"))
            error = Unreachable(f"{name} answers {status} every time; try again later")
            if wait is not None and wait > _MAX_WAIT:
                raise Unreachable(
                    f"{name} answers {status} and asks to wait {wait:.0f} s; run again after that"
                )
            raise _Again(error, wait)
        if status in {401, 403}:
            raise SourceRefused(f"{name} answers {status}: check the key or token and what it may read")
        raise SourceRefused(f"{name} answers {status}, expected 200; check the address and the ids in it")


def _retry_after(value: str | None) -> float | None:
    """Seconds, out of a number or an HTTP date."""
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        instant = parsedate_to_datetime(value)
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return max(0.0, (instant - datetime.now(UTC)).total_seconds())
