"""Whether predictions still arrive: the time of the newest one that checks saw. This file never changes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for table in ("checks", "monitor_state"):
        op.add_column(table, sa.Column("newest_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for table in ("monitor_state", "checks"):
        op.drop_column(table, "newest_at")
