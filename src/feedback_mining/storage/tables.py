"""The tables of a store. Change them together with a new file in migrations/versions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes, kept as UTC wall-clock time because SQLite knows no zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


metadata = MetaData()

meta = Table(
    "meta", metadata, Column("key", String(64), primary_key=True), Column("value", Text, nullable=False)
)

imports = Table(
    "imports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("product", String(200), nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file_sha256", String(64), nullable=False),
    Column("source", String(32), nullable=False),
    Column("imported_at", UtcDateTime, nullable=False),
    Column("rows_read", Integer, nullable=False),
    Column("stored", Integer, nullable=False),
    Column("duplicates", Text, nullable=False),  # JSON: reason → rows
    Column("quarantined", Text, nullable=False),  # JSON: reason → rows
    Column("notices", Text, nullable=False),  # JSON: list of sentences
    UniqueConstraint("product", "file_sha256", name="uq_imports_file"),
)

comments = Table(
    "comments",
    metadata,
    Column("product", String(200), nullable=False),
    Column("id", String(300), nullable=False),
    Column("import_id", Integer, ForeignKey("imports.id"), nullable=False),
    Column("source", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("time", UtcDateTime, nullable=False),
    Column("author", String(32)),
    Column("rating", Integer),
    Column("version", String(64)),
    Column("likes", Integer),
    Column("reply", Text),
    Column("url", Text),
    Column("line", Integer, nullable=False),
    Column("parent", Text),
    Column("official", Boolean, nullable=False, server_default=false()),
    Column("deleted", Boolean, nullable=False, server_default=false()),
    Column("sameness", String(16), nullable=False),
    Column("has_id", Boolean, nullable=False),
    PrimaryKeyConstraint("product", "id", name="pk_comments"),
    Index("ix_comments_time", "product", "time", "id"),
    Index("ix_comments_sameness", "product", "sameness"),
    Index("ix_comments_answers", "product", "official", "parent"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("product", String(200), nullable=False),
    Column("comment", String(300), nullable=False),
    Column("import_id", Integer, ForeignKey("imports.id"), nullable=False),
    Column("time", UtcDateTime, nullable=False),
    Column("text", Text, nullable=False),
    Column("rating", Integer),
    Column("version", String(64)),
    Index("ix_revisions_comment", "product", "comment"),
    ForeignKeyConstraint(
        ["product", "comment"],
        ["comments.product", "comments.id"],
        name="fk_revisions_comment",
        ondelete="CASCADE",
    ),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("import_id", Integer, ForeignKey("imports.id"), nullable=False, index=True),
    Column("line", Integer, nullable=False),
    Column("reason", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("raw", Text, nullable=False),
)

analyses = Table(
    "analyses",
    metadata,
    Column("product", String(200), nullable=False),
    Column("comment", String(300), nullable=False),
    Column("model_version", String(200), nullable=False),
    Column("content", Text, nullable=False),  # JSON
    PrimaryKeyConstraint("product", "comment", "model_version", name="pk_analyses"),
    ForeignKeyConstraint(
        ["product", "comment"],
        ["comments.product", "comments.id"],
        name="fk_analyses_comment",
        ondelete="CASCADE",
    ),
)

# What people said about texts. Rows are added and never changed; those of a text that is no comment of the
# store stand by themselves.
labels = Table(
    "labels",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("product", String(200)),
    Column("comment", String(300)),
    Column("text", Text, nullable=False),
    Column("text_sha256", String(64), nullable=False),
    Column("author", String(100), nullable=False),
    Column("time", UtcDateTime, nullable=False),
    Column("origin", Text, nullable=False),
    Column("file_sha256", String(64)),
    Column("content", Text, nullable=False),  # JSON
    Index("ix_labels_comment", "product", "comment"),
    Index("ix_labels_text", "text_sha256"),
    ForeignKeyConstraint(
        ["product", "comment"],
        ["comments.product", "comments.id"],
        name="fk_labels_comment",
        ondelete="CASCADE",
    ),
)

# A week's rows say what changed in it: the state at a week's end is the newest row up to then.
demands = Table(
    "demands",
    metadata,
    Column("product", String(200), nullable=False),
    Column("week", String(10), nullable=False),
    Column("id", String(100), nullable=False),
    Column("title", Text, nullable=False),
    Column("theme", String(64), nullable=False),
    Column("intent", String(32), nullable=False),
    Column("founded", String(10), nullable=False),
    Column("keywords", Text, nullable=False),  # JSON
    PrimaryKeyConstraint("product", "week", "id", name="pk_demands"),
    Index("ix_demands_id", "product", "id"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("product", String(200), nullable=False),
    Column("week", String(10), nullable=False),
    Column("unit", String(320), nullable=False),
    Column("demand", String(100), nullable=False),
    PrimaryKeyConstraint("product", "week", "unit", name="pk_memberships"),
    Index("ix_memberships_unit", "product", "unit"),
    Index("ix_memberships_demand", "product", "demand", "week"),
)

# The mean of a demand's latest members, as the week left it; the row without a demand is the mean of all units.
demand_anchors = Table(
    "demand_anchors",
    metadata,
    Column("product", String(200), nullable=False),
    Column("week", String(10), nullable=False),
    Column("demand", String(100), nullable=False),
    Column("version", String(200), nullable=False),
    Column("members", Integer, nullable=False),
    Column("mean", LargeBinary, nullable=False),
    PrimaryKeyConstraint("product", "week", "demand", name="pk_demand_anchors"),
    Index("ix_demand_anchors_demand", "product", "demand", "week"),
)

# What people decided about demands. Rows are added and never changed; an undo is a further row.
demand_decisions = Table(
    "demand_decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("product", String(200), nullable=False),
    Column("time", UtcDateTime, nullable=False),
    Column("author", String(100), nullable=False),
    Column("reason", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("content", Text, nullable=False),  # JSON
    Index("ix_demand_decisions_product", "product", "id"),
)

backlogs = Table(
    "backlogs",
    metadata,
    Column("product", String(200), nullable=False),
    Column("week", String(10), nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
    Column("content", Text, nullable=False),  # backlog.json
    PrimaryKeyConstraint("product", "week", name="pk_backlogs"),
)

# What people ruled about campaigns. Rows are added and never changed; an undo names the row it takes back.
campaign_rulings = Table(
    "campaign_rulings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("product", String(200), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("comments", Text, nullable=False),  # JSON: ids
    Column("campaign", String(100)),
    Column("author", String(100), nullable=False),
    Column("time", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False),
    Column("undoes", Integer),
    Index("ix_campaign_rulings_product", "product"),
)

day_alerts = Table(
    "day_alerts",
    metadata,
    Column("product", String(200), nullable=False),
    Column("day", String(10), nullable=False),
    Column("place", Integer, nullable=False),
    Column("content", Text, nullable=False),  # JSON
    PrimaryKeyConstraint("product", "day", "place", name="pk_day_alerts"),
)
