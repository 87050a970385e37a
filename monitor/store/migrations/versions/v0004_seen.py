"""What people look at: the nearest row with the other decision, views for dashboards. This file never changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("attributions", sa.Column("nearest_other", JSON, nullable=True))


def downgrade() -> None:
    op.drop_column("attributions", "nearest_other")
