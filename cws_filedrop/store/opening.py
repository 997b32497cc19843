"""Opens the database that the settings name."""

from __future__ import annotations

from cws_filedrop.credentials.sealing import Sealing
from cws_filedrop.processes import environment
from cws_filedrop.settings import Settings
from cws_filedrop.store.database import Database, default_url


def open_database(settings: Settings) -> Database:
    """The database, with the keys of its encrypted values. Raises: ConfigError."""
    url = settings.database.url or default_url(settings.data)
    return Database(url, Sealing(settings.key_file), worker=environment.worker())
