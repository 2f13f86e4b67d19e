"""Where demands stand in vectors, so that a week need not read their history again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "demand_anchors",
        sa.Column("product", sa.String(length=200), nullable=False),
        sa.Column("week", sa.String(length=10), nullable=False),
        sa.Column("demand", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("mean", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("product", "week", "demand", name="pk_demand_anchors"),
    )
    op.create_index("ix_demand_anchors_demand", "demand_anchors", ["product", "demand", "week"])
    op.create_index("ix_memberships_unit", "memberships", ["product", "unit"])
    op.create_index("ix_memberships_demand", "memberships", ["product", "demand", "week"])
    op.create_index("ix_demands_id", "demands", ["product", "id"])
