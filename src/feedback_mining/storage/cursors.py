"""How far each feed has been fetched; kept beside the comments, written only after them."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Protocol

from sqlalchemy import Connection, delete, insert, select

from feedback_mining.storage.tables import meta


class _Transactions(Protocol):
    def _reading(self) -> Any: ...
    def _writing(self) -> Any: ...


class CursorMethods:
    """The part of a store that remembers positions in feeds."""

    def cursor(self: _Transactions, product: str, source: str) -> dict[str, Any]:
        """What was last saved for this feed of the product; empty where nothing was."""
        with self._reading() as connection:
            query = select(meta.c.value).where(meta.c.key == _key(product, source))
            content: str | None = connection.execute(query).scalar_one_or_none()
        return {} if content is None else dict(json.loads(content))

    def save_cursor(self: _Transactions, product: str, source: str, cursor: dict[str, Any]) -> None:
        """Replace the feed's cursor. Call it when the rows that it passes are stored, never before."""
        connection: Connection
        with self._writing() as connection:
            connection.execute(delete(meta).where(meta.c.key == _key(product, source)))
            content = json.dumps(cursor, ensure_ascii=False)
            connection.execute(insert(meta).values(key=_key(product, source), value=content))


def _key(product: str, source: str) -> str:
    # Names may be longer than the column.
    return "cursor:" + hashlib.sha256(f"{product}\x1f{source}".encode()).hexdigest()[:40]
