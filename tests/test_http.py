"""Fetching against a real server: what is refused, what is tried again, what is bounded."""

from __future__ import annotations

import gzip
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from loopback import Answer, Request, Server, serve

from feedback_mining.errors import SourceRefused, Unreachable
from feedback_mining.sources.addresses import is_public
from feedback_mining.sources.http import Fetcher, Limits
from feedback_mining.sources.robots import Robots

QUICK = Limits(min_interval=0, backoff=0, max_bytes=10_000, attempts=3, seconds=5)


HASTY = Limits(min_interval=0, attempts=1, seconds=0.6)


@contextmanager
def drip(header: bytes) -> Iterator[str]:
    """A server that sends a byte every 50 ms, without an end."""
    stop = threading.Event()

    def run(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.sendall(header)
            for byte in header or b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000:
                connection.sendall(bytes([byte]))
                if stop.wait(0.05):
                    return
            stop.wait(20)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=run, args=(listening,))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        stop.set()
        thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def fetcher(waits: list[float]) -> Iterator[Fetcher]:
    with Fetcher(allow_hosts=("127.0.0.1",), limits=QUICK, sleep=waits.append) as made:
        yield made


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::a00:1",
        "ff02::1",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


def test_public_addresses_are() -> None:
    assert is_public("8.8.8.8")
    assert is_public("2606:4700::1111")


def test_nothing_leaves_for_a_host_that_is_not_allowed(server: Server) -> None:
    server.answer("/", Answer(b"secret"))
    with (
        Fetcher(allow_hosts=("localhost",), limits=QUICK) as fetcher,
        pytest.raises(SourceRefused, match="allow_hosts"),
    ):
        fetcher.get(server.url + "/")
    assert server.requests == []


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/", "http://169.254.169.254/latest", "file:///etc/passwd"]
)
def test_redirects_are_checked_again(server: Server, fetcher: Fetcher, target: str) -> None:
    server.answer("/", Answer(status=302, headers={"Location": target}))
    with pytest.raises(SourceRefused, match=r"private or local|only http"):
        fetcher.get(server.url + "/")


def test_redirect_to_loopback_under_another_name_is_refused(server: Server, fetcher: Fetcher) -> None:
    port = server.url.rpartition(":")[2]
    server.answer("/", Answer(status=302, headers={"Location": f"http://localhost:{port}/inside"}))
    with pytest.raises(SourceRefused, match="allow_hosts"):
        fetcher.get(server.url + "/")
    assert server.paths() == ["/"]


def test_credentials_stay_with_their_host(server: Server, fetcher: Fetcher) -> None:
    with serve() as other:
        other.answer("/", Answer(b"hello"))
        server.answer("/", Answer(status=302, headers={"Location": other.url + "/"}))
        fetcher.get(server.url + "/", headers={"Authorization": "Bearer hush"})
        assert server.requests[0].headers["authorization"] == "Bearer hush"
        assert "authorization" not in other.requests[0].headers
    assert re.fullmatch(r"feedback_mining/[\w.+]+", server.requests[0].headers["user-agent"])


def test_endless_redirects_end(server: Server, fetcher: Fetcher) -> None:
    server.answer("/", Answer(status=302, headers={"Location": "/"}))
    with pytest.raises(SourceRefused, match="more than 5"):
        fetcher.get(server.url + "/")
    assert len(server.requests) == 6


def test_retry_after_in_seconds_and_as_a_date(server: Server, fetcher: Fetcher, waits: list[float]) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=40))
    asks = [Answer(status=429, headers={"Retry-After": value}) for value in ("7", later)]
    server.answer("/", *asks, Answer(b"at last"))
    assert fetcher.get(server.url + "/").content == b"at last"
    assert waits[0] == 7
    assert 30 < waits[1] <= 40


def test_a_server_that_asks_for_an_hour_is_left(server: Server, fetcher: Fetcher, waits: list[float]) -> None:
    server.answer("/", Answer(status=503, headers={"Retry-After": "3600"}))
    with pytest.raises(Unreachable, match="3600 s"):
        fetcher.get(server.url + "/")
    assert (len(server.requests), waits) == (1, [])


def test_bad_gateway_and_cut_bodies_are_tried_again(server: Server, fetcher: Fetcher) -> None:
    packed = gzip.compress(b"whole" * 100)
    cut = Answer(packed[:-12], headers={"Content-Encoding": "gzip"})
    server.answer("/", Answer(status=502), Answer(b"half", length=100), Answer(b"whole"))
    assert fetcher.get(server.url + "/").content == b"whole"
    server.answer("/", cut, Answer(packed, headers={"Content-Encoding": "gzip"}))
    assert fetcher.get(server.url + "/").content == b"whole" * 100


def test_gives_up_without_telling_the_query(server: Server, fetcher: Fetcher) -> None:
    server.answer("/", Answer(status=500))
    with pytest.raises(Unreachable) as caught:
        fetcher.get(server.url + "/?token=hush")
    assert len(server.requests) == QUICK.attempts
    assert "hush" not in str(caught.value)


def test_gzip_bomb_and_long_body(server: Server, fetcher: Fetcher) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    server.answer("/bomb", Answer(bomb, headers={"Content-Encoding": "gzip"}))
    server.answer("/long", Answer(b"x" * 10_001))
    server.answer("/full", Answer(b"x" * 10_000))
    for path in ("/bomb", "/long"):
        with pytest.raises(SourceRefused, match="passes 10000 bytes"):
            fetcher.get(server.url + path)
    assert len(fetcher.get(server.url + "/full").content) == 10_000


@pytest.mark.parametrize("header", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"])
def test_a_body_or_a_header_that_drips_ends_with_the_time(header: bytes) -> None:
    with drip(header) as url, Fetcher(allow_hosts=("127.0.0.1",), limits=HASTY) as fetcher:
        began = time.monotonic()
        with pytest.raises(Unreachable, match=r"slower than 0\.6 s"):
            fetcher.get(url)
        assert 0.5 < time.monotonic() - began < 2


def test_redirects_share_one_deadline(server: Server) -> None:
    def slowly(_: Request) -> Answer:
        time.sleep(0.25)
        return Answer(status=302, headers={"Location": "/"})

    server.routes["/"] = slowly
    with (
        Fetcher(allow_hosts=("127.0.0.1",), limits=HASTY) as fetcher,
        pytest.raises(Unreachable, match="slower than"),
    ):
        fetcher.get(server.url + "/")
    assert len(server.requests) == 3


def test_waiting_for_ones_turn_is_not_the_servers_time(server: Server) -> None:
    server.answer("/", Answer(status=302, headers={"Location": "/there"}))
    server.answer("/there", Answer(b"x"))
    with Fetcher(allow_hosts=("127.0.0.1",), limits=replace(HASTY, min_interval=0.7)) as fetcher:
        assert fetcher.get(server.url + "/").content == b"x"


def test_environment_proxies_are_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.answer("/", Answer(b"direct"))
    with Fetcher(allow_hosts=("127.0.0.1",), limits=QUICK) as fetcher:
        assert fetcher.get(server.url + "/").content == b"direct"


def test_pace_between_requests(server: Server, waits: list[float]) -> None:
    server.answer("/", Answer(b"x"))
    limits = Limits(min_interval=3)
    with Fetcher(allow_hosts=("127.0.0.1",), limits=limits, sleep=waits.append) as fetcher:
        fetcher.get(server.url + "/")
        fetcher.get(server.url + "/")
    assert len(waits) == 1
    assert 2.5 < waits[0] <= 3.75


def test_robots(server: Server, fetcher: Fetcher) -> None:
    rules = b"User-agent: *\nDisallow: /private\nCrawl-delay: 9\n"
    server.answer("/robots.txt", Answer(rules))
    robots = Robots(fetcher)
    robots.check(server.url + "/open")
    with pytest.raises(SourceRefused, match=r"robots\.txt"):
        robots.check(server.url + "/private/1")
    assert server.paths() == ["/robots.txt"]
    assert fetcher.intervals["127.0.0.1"] == 9
    server.answer("/robots.txt", Answer(status=404))
    Robots(fetcher).check(server.url + "/private/1")
    server.answer("/robots.txt", Answer(status=500))
    with pytest.raises(Unreachable):
        Robots(fetcher).check(server.url + "/open")


def test_the_address_that_was_checked_is_the_one_connected_to(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def resolve(host: str, port: int, *_: object, **__: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    server.answer("/", Answer(b"x"))
    port = server.url.rpartition(":")[2]
    with Fetcher(allow_hosts=("forum.example",), limits=QUICK) as named:
        url = f"http://forum.example:{port}/"
        with monkeypatch.context() as patched:
            patched.setattr(socket, "getaddrinfo", resolve)
            assert named.get(url).content == b"x"
    assert asked.count("forum.example") == 1  # a second look-up could tell another address
    assert server.requests[0].headers["host"] == f"forum.example:{port}"
