"""What the past is judged by: intervals that held then, predictions that sampling left out. This file never changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("monitors", sa.Column("earlier_intervals", JSON, nullable=True))
    op.add_column("telemetry_days", sa.Column("left_out", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("telemetry_days", "left_out")
    op.drop_column("monitors", "earlier_intervals")
