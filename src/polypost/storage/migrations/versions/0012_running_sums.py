"""Running sums of the ledger: balances of projects with a limit, and what every project spent by month and account."""

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
    """Add both, and sum up what was spent; a balance is made when its project next draws."""
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
    _sum_up()


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
