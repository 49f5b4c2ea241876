"""Running sums of the ledger: balances and usage; and the indexes that lists, their totals and a start go by."""

from __future__ import annotations

from datetime import date, timedelta

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, String, column, table, text

revision = "0012"
down_revision = "0011"

# Instants are microseconds, and a day of 1970 is a whole number of them on both stores.
SPENT_BY_DAY = text(
    "SELECT project_id, at / 86400000000 AS day, integration_id, platform, SUM(amount) AS amount"
    " FROM ledger WHERE kind IN ('settle', 'charge') GROUP BY project_id, day, integration_id, platform"
)


def upgrade() -> None:
    """Sum up what was spent (a balance is made when its project next draws), and exchange the indexes."""
    _sums()
    _sum_up()
    _lists()


def _lists() -> None:
    there, waiting = "deleted_at IS NULL", "deleted_at IS NULL AND status = 'scheduled'"
    op.drop_index("ix_posts_project_id_created_at", "posts")
    op.drop_index("ix_posts_project_id_scheduled_for", "posts")
    _index("ix_posts_listed", "posts", ["project_id", "created_at", "id"], there)
    _index("ix_posts_listed_by_status", "posts", ["project_id", "status", "created_at", "id"], there)
    _index("ix_posts_scheduled", "posts", ["project_id", "scheduled_for", "id"], waiting)
    _index(
        "ix_posts_project_id_scheduled_for",
        "posts",
        ["project_id", "scheduled_for"],
        "scheduled_for IS NOT NULL",
    )
    op.create_index("ix_targets_integration_id_post_id", "targets", ["integration_id", "post_id"])
    _index("ix_targets_held", "targets", ["lease_until"], "lease_until IS NOT NULL AND next_at IS NOT NULL")


def _index(name: str, table_name: str, columns: list[str], where: str) -> None:
    op.create_index(name, table_name, columns, sqlite_where=text(where), postgresql_where=text(where))


def _sums() -> None:
    op.create_table(
        "balances",
        Column("project_id", String(40), nullable=False),
        Column("cycle", Integer, nullable=False, autoincrement=False),
        Column("drawn", BigInteger, nullable=False),
        PrimaryKeyConstraint("project_id", "cycle", name="pk_balances"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage",
        Column("project_id", String(40), nullable=False),
        Column("month", Integer, nullable=False, autoincrement=False),
        Column("integration_id", String(40), nullable=False),
        Column("platform", String(24), nullable=False),
        Column("credits", BigInteger, nullable=False),
        PrimaryKeyConstraint("project_id", "month", "integration_id", "platform", name="pk_usage"),
        sqlite_with_rowid=False,
    )


def _sum_up() -> None:
    spent: dict[tuple[str, int, str, str], int] = {}
    for project_id, day, integration_id, platform, amount in op.get_bind().execute(SPENT_BY_DAY):
        on = date(1970, 1, 1) + timedelta(days=day)
        key = (project_id, on.year * 100 + on.month, integration_id, platform)
        spent[key] = spent.get(key, 0) + int(amount)
    names = ("project_id", "month", "integration_id", "platform", "credits")
    rows = [dict(zip(names, (*key, amount), strict=True)) for key, amount in spent.items()]
    if rows:
        op.bulk_insert(table("usage", *(column(name) for name in names)), rows)
