"""Run by alembic; the caller lends its connection, so that a migration is one transaction with its checks."""

from alembic import context

from feedback_mining.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
