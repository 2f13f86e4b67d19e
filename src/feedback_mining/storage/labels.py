"""Labels that people gave: rows are added, never changed, and come back oldest first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol

from sqlalchemy import Connection, insert, or_, select

from feedback_mining.classification.labelling import HumanLabel, LabelledUnit
from feedback_mining.storage.tables import labels


class _Transactions(Protocol):
    def _reading(self) -> Any: ...
    def _writing(self) -> Any: ...


class LabelMethods:
    """The part of a store that keeps people's labels."""

    def labels(self: _Transactions, product: str | None = None) -> list[HumanLabel]:
        """Every label ever given, oldest first: of all products, or of one and of texts without a product."""
        query = select(labels).order_by(labels.c.time, labels.c.id)
        if product is not None:
            query = query.where(or_(labels.c.product == product, labels.c.product.is_(None)))
        with self._reading() as connection:
            return [_from_row(row) for row in connection.execute(query)]

    def add_labels(self: _Transactions, given: Sequence[HumanLabel], *, keep: bool = True) -> list[bool]:
        """Keep labels; says of each whether it is new. All or nothing, and nothing where `keep` is False.

        Not new is what its author said of the text last (unless it `confirms`), what came from the same file
        before, and what they said at that very time.
        """
        added: list[bool] = []
        connection: Connection
        with self._writing() as connection, connection.begin_nested() as draft:
            for label in given:
                history = _history(connection, label)
                known = any(
                    one.content == label.content
                    and (
                        (one is history[-1] and not label.confirms)
                        or one.time == label.time
                        or _same_file(one, label)
                    )
                    for one in history
                )
                added.append(not known)
                if not known:
                    connection.execute(insert(labels).values(**_to_row(label)))
            if not keep:
                draft.rollback()
        return added


def _history(connection: Connection, label: HumanLabel) -> list[HumanLabel]:
    c = labels.c
    query = select(labels).where(
        c.text_sha256 == label.text_sha256,
        c.author == label.author,
        c.product.is_(None) if label.product is None else c.product == label.product,
        c.comment.is_(None) if label.comment is None else c.comment == label.comment,
    )
    return [_from_row(row) for row in connection.execute(query.order_by(c.time, c.id))]


def _same_file(one: HumanLabel, other: HumanLabel) -> bool:
    return one.file_sha256 is not None and one.file_sha256 == other.file_sha256


def _to_row(label: HumanLabel) -> dict[str, Any]:
    content = {
        "units": [asdict(unit) for unit in label.units],
        "signals": label.signals,
        "whole": label.whole,
        "with_demands": label.with_demands,
    }
    return {
        "product": label.product,
        "comment": label.comment,
        "text": label.text,
        "text_sha256": label.text_sha256,
        "author": label.author,
        "time": label.time,
        "origin": label.origin,
        "file_sha256": label.file_sha256,
        "content": json.dumps(content, ensure_ascii=False),
    }


def _from_row(row: Any) -> HumanLabel:
    content = json.loads(row.content)
    signals = content["signals"]
    return HumanLabel(
        text=row.text,
        units=tuple(LabelledUnit(**unit) for unit in content["units"]),
        author=row.author,
        time=row.time,
        origin=row.origin,
        product=row.product,
        comment=row.comment,
        signals=None if signals is None else tuple(signals),
        whole=content["whole"],
        with_demands=content["with_demands"],
        file_sha256=row.file_sha256,
    )
