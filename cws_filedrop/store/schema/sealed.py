"""A column whose values are encrypted in the database and plain to whoever reads it through us."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from cws_filedrop.credentials import sealing
from cws_filedrop.credentials.sealing import Sealing
from cws_filedrop.errors import ConfigError

_ATTRIBUTE = "cws_filedrop_sealing"  # of a dialect, which is all that a type is told of its database


class SealedText(sa.TypeDecorator[str]):
    """Text, sealed; "" and NULL stay as they are, so that queries can ask for them. `what` is sealed in, too.

    A value that an earlier version has left plain is read as it is; a database without keys keeps values plain.
    """

    impl = sa.Text
    cache_ok = True

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """On its way into the database."""
        keys = _keys_of(dialect)
        return keys.seal(value, self.what) if value and keys is not None else value

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> str | None:
        """On its way out. Raises: ConfigError."""
        if not value or not sealing.is_sealed(value):
            return value
        keys = _keys_of(dialect)
        if keys is None:
            raise ConfigError(f"{self.what} is encrypted, and this database was opened without its keys")
        return keys.open(value, self.what)


def give_keys(engine: sa.Engine, keys: Sealing | None) -> None:
    """Have an engine seal and open with these keys."""
    setattr(engine.dialect, _ATTRIBUTE, keys)


def _keys_of(dialect: sa.Dialect) -> Sealing | None:
    found: Sealing | None = getattr(dialect, _ATTRIBUTE, None)
    return found
