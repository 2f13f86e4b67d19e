"""What happens to comments after they were said: edits, deletions, answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import Connection, and_, insert, select, update

from feedback_mining.records import Revision
from feedback_mining.storage.tables import comments, revisions

_CHUNK = 500


def keep_revisions(connection: Connection, product: str, number: int, older: Iterable[Revision]) -> None:
    """Keep earlier words, each once."""
    c = revisions.c
    for revision in older:
        same = select(c.id).where(
            c.product == product, c.comment == revision.comment, c.text == revision.text
        )
        if connection.execute(same.limit(1)).first() is None:
            connection.execute(
                insert(revisions).values(product=product, import_id=number, **asdict(revision))
            )


def mark_deleted(connection: Connection, product: str, ids: Iterable[str], samenesses: Iterable[str]) -> None:
    """Record that comments were taken down; their words stay."""
    for column, values in ((comments.c.id, sorted(ids)), (comments.c.sameness, sorted(samenesses))):
        for start in range(0, len(values), _CHUNK):
            chunk = values[start : start + _CHUNK]
            connection.execute(
                update(comments).where(comments.c.product == product, column.in_(chunk)).values(deleted=True)
            )


def fill_replies(connection: Connection, product: str) -> None:
    """Show the team's first answer with the comment that it answers, whichever of the two came first."""
    answer = comments.alias("answer")
    answers = and_(answer.c.product == product, answer.c.official.is_(True))
    first = (
        select(answer.c.text)
        .where(answers, answer.c.parent == comments.c.id)
        .order_by(answer.c.time, answer.c.id)
        .limit(1)
        .scalar_subquery()
    )
    parents = select(answer.c.parent).where(answers, answer.c.parent.is_not(None))
    connection.execute(
        update(comments)
        .where(
            comments.c.product == product,
            comments.c.official.is_(False),
            comments.c.reply.is_(None),
            comments.c.id.in_(parents),
        )
        .values(reply=first)
    )
