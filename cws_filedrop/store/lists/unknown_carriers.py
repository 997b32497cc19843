"""Names of carriers that are not on Amazon's list, as sellers' files use them: by name, with counts of lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from cws_filedrop.rules.carriers import folded
from cws_filedrop.store.database import Database, stamp
from cws_filedrop.store.schema import SELLERS, UPLOADS

KEY: Final = "unknown_carriers"  # of `upload_outcome.UploadOutcome`


@dataclass(slots=True)
class UnknownCarrier:
    """A name as it was written last, and how often: lines and files, whose, and when last (a stamp)."""

    name: str
    lines: int = 0
    files: int = 0
    sellers: list[str] = field(default_factory=list)
    last_at: str = ""

    def add(self, seller: str, lines: int, at: str) -> None:
        """Count a file."""
        self.lines, self.files, self.last_at = self.lines + lines, self.files + 1, at
        if seller not in self.sellers:
            self.sellers.append(seller)


def since(db: Database, moment: datetime, *, known: Callable[[str, str], bool]) -> list[UnknownCarrier]:
    """The names of files dropped since a moment, most lines first; `known` tells of (name, seller) whether it has got
    a meaning meanwhile."""
    query = (
        sa.select(SELLERS.c.name, UPLOADS.c.arrived_at, UPLOADS.c.outcome)
        .select_from(UPLOADS.join(SELLERS))
        .where(UPLOADS.c.arrived_at >= stamp(moment), UPLOADS.c.folder != "test")
        .where(UPLOADS.c.outcome.contains(f'"{KEY}"'))
        .order_by(UPLOADS.c.arrived_at)
    )
    with db.read() as connection:
        return _counted(connection.execute(query), known)


def _counted(rows: Iterable[Any], known: Callable[[str, str], bool]) -> list[UnknownCarrier]:
    found: dict[str, UnknownCarrier] = {}
    for seller, at, outcome in rows:
        for name, lines in json.loads(outcome).get(KEY, {}).items():
            if not known(name, seller):
                found.setdefault(folded(name) or name, UnknownCarrier(name)).add(seller, lines, at)
    return sorted(found.values(), key=lambda one: (-one.lines, one.name))
