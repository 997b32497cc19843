"""A database that ends its process at a transaction, for what a crash leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from cws_filedrop.store.database import Database


class Crash(BaseException):
    """The process ends here."""


class Fragile(Database):
    """A database whose process can end before or after the next transaction but so many."""

    transactions_left: int | None = None
    before_commit = False

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        ends = self.transactions_left == 0
        if self.transactions_left is not None:
            self.transactions_left -= 1
        with super().write() as connection:
            yield connection
            if ends and self.before_commit:
                raise Crash
        if ends:
            raise Crash
