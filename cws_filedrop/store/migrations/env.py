"""Where alembic enters: migrations run on the connection that `store.migrations` hands in."""

from alembic import context

from cws_filedrop.store.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
context.run_migrations()
