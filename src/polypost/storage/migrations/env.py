"""Alembic's entry: the scripts run on the connection, and in the transaction, of `storage.schema`."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
