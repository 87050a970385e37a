"""Segments of findings, the canary of checks, the explainer noise of references. This file never changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("findings", sa.Column("segment", sa.Text(), nullable=True))
    op.add_column("checks", sa.Column("canary", JSON, nullable=True))
    op.add_column("attribution_references", sa.Column("noise", JSON, nullable=True))


def downgrade() -> None:
    op.drop_column("attribution_references", "noise")
    op.drop_column("checks", "canary")
    op.drop_column("findings", "segment")
