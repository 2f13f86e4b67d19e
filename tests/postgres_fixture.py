"""A private PostgreSQL for the session, and an empty database in it for each test that asks."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

PASSWORD = "geheim-7Kq"  # its absence from error messages is tested


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: p.parent.parent.name)
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """`user:password@host:port` of a server that lives as long as the session."""
    binaries = _binaries()
    if binaries is None:
        reason = "PostgreSQL's server programs are not installed (Debian: apt-get install postgresql)"
        if os.environ.get("FEEDBACK_MINING_REQUIRE_ALL") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    user = _server_user()
    home = Path(tempfile.mkdtemp(prefix="feedback_mining_pg_"))
    if user:
        shutil.chown(home, user)

    def command(name: str, *arguments: str) -> None:
        subprocess.run(
            [binaries / name, *arguments],
            user=user,
            cwd=home,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=120,
        )

    password_file = home / "password"
    password_file.write_text(PASSWORD)
    password_file.chmod(0o644)
    data = home / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    try:
        command(
            "initdb", "-D", str(data), "-U", "feedback", "-E", "UTF8", "--locale=C", "--no-sync",
            "--auth=scram-sha-256", f"--pwfile={password_file}",
        )  # fmt: skip
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home} -c fsync=off"
        command("pg_ctl", "-D", str(data), "-w", "-l", str(home / "log"), "-o", options, "start")
        try:
            yield f"feedback:{PASSWORD}@127.0.0.1:{port}"
        finally:
            command("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def _new_database(postgres_server: str) -> Callable[[], str]:
    import psycopg

    numbers = count(1)

    def create() -> str:
        name = f"test_{next(numbers)}"
        with psycopg.connect(f"postgresql://{postgres_server}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql://{postgres_server}/{name}"

    return create


@pytest.fixture
def postgres_url(_new_database: Callable[[], str]) -> str:
    """URL of an empty database."""
    return _new_database()
