"""What people look at: the nearest row with the other decision, views for dashboards. This file never changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("attributions", sa.Column("nearest_other", JSON, nullable=True))
    op.add_column("attributions", sa.Column("classes", JSON, nullable=True))
    op.add_column("checks", sa.Column("decision", JSON, nullable=True))
    op.create_table(
        "switched_on",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("what", name="pk_switched_on"),
    )


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":  # they read these columns, and the next upgrade makes them again
        views = "SELECT viewname FROM pg_views WHERE schemaname = current_schema() AND viewname LIKE 'grafana\\_%'"
        for view in connection.execute(sa.text(views)).scalars().all():
            op.execute(f'DROP VIEW "{view}"')
    op.drop_table("switched_on")
    op.drop_column("checks", "decision")
    op.drop_column("attributions", "classes")
    op.drop_column("attributions", "nearest_other")
