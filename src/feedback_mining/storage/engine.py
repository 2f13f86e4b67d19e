"""Open a database, bring its schema up to date, and say in one line why that cannot be done."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError

from feedback_mining.errors import MissingExtra, StoreError

_WRITERS_LOCK = 0x6665_6564  # one writer at a time, on PostgreSQL as on SQLite


def open_engine(address: str) -> Engine:
    """An engine on a store with the newest schema.

    Raises StoreError and MissingExtra, with no secret in the message.
    """
    url = _url(address)
    shown = safe(url)
    if url.get_backend_name() == "sqlite":
        _check_folder(url, shown)
    engine = create_engine(url, pool_pre_ping=url.get_backend_name() == "postgresql")
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        _migrate(engine, shown)
    except SQLAlchemyError as error:
        engine.dispose()
        raise StoreError(f"The store {shown} cannot be opened: {_reason(error, url)}") from None
    except BaseException:
        engine.dispose()
        raise
    return engine


def begin_write(connection: Connection) -> None:
    """Wait for other writers; call it first in a transaction that writes."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _WRITERS_LOCK})


def safe(url: URL) -> str:
    """The address without its password and without query options, which may hold one."""
    return url.set(query={}).render_as_string(hide_password=True)


def _url(address: str) -> URL:
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise StoreError(
            "The store's address cannot be read; expected a URL such as sqlite:///feedback.db "
            "or postgresql://user:password@host:5432/database"
        ) from None
    if url.drivername in {"postgres", "postgresql", "postgresql+psycopg"}:
        if find_spec("psycopg") is None:
            raise MissingExtra("psycopg", "postgres")
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in {"sqlite", "sqlite+pysqlite"}:
        return url
    raise StoreError(
        f"The store {safe(url)} is of a kind that is not supported; expected sqlite:/// or postgresql://"
    )


def _check_folder(url: URL, shown: str) -> None:
    if not url.database or url.database == ":memory:":
        return
    path = Path(url.database)
    if path.is_dir():
        raise StoreError(
            f"The store {shown} is a folder; expected a file, such as {shown}/feedback_mining.db"
        )
    if not path.parent.is_dir():
        raise StoreError(
            f"The store {shown} cannot be opened: the folder {path.parent} is missing; create it first"
        )


def _configure_sqlite(connection: Any, _record: object) -> None:
    # Transactions are begun by hand: the driver would otherwise leave DDL outside of them.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 300000")  # a large import holds the store for minutes
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that starts by reading and writes later would fail at once beside another writer.
    immediate = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _migrate(engine: Engine, shown: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    with engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() == head:
            return
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        begin_write(connection)
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
            raise StoreError(
                f"The store {shown} was written by a newer version (schema {found}, this one knows {head}); "
                f"upgrade feedback_mining"
            )
        if found != head:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _reason(error: SQLAlchemyError, url: URL) -> str:
    cause = error.orig if isinstance(error, DatabaseError) and error.orig else error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    reason = lines[0] if lines else type(cause).__name__
    secrets = [url.password, *(str(value) for value in url.query.values())]
    for secret in secrets:
        if secret:
            reason = reason.replace(str(secret), "***")
    return reason[:200]
