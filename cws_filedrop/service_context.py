"""What every step, page and command works with; one per process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cws_filedrop.drop.archive import Archive
from cws_filedrop.drop.home import Home, Homes
from cws_filedrop.drop.spool import Spool
from cws_filedrop.model import JudgementContext, Limits, Policy, Profile
from cws_filedrop.reports.marketplace import MarketplaceKind
from cws_filedrop.settings import Settings
from cws_filedrop.store.database import Database, default_url
from cws_filedrop.store.opening import open_database


def utc_now() -> datetime:
    """The clock of the running service."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class ServiceContext:
    """Settings, database, spool, homes and clock."""

    settings: Settings
    db: Database
    spool: Spool
    homes: Homes
    clock: Callable[[], datetime] = utc_now

    @property
    def archive(self) -> Archive:
        """What was sent to Amazon and what Amazon answered."""
        return Archive(self.settings.data / "documents")

    @property
    def marketplace(self) -> MarketplaceKind:
        """Who answers for Amazon: it, or the sandbox."""
        return MarketplaceKind(self.settings.marketplace.kind)

    def home(self, seller: str) -> Home:
        """The seller's home, made when it is missing."""
        return self.homes.of(seller)

    def judging(self, policy: Policy, now: datetime, profiles: Sequence[Profile] = ()) -> JudgementContext:
        """What the verdicts on a file depend on, besides its bytes."""
        limits = self.settings.limits
        bounds = Limits(bytes=limits.upload_bytes, unpacked_bytes=limits.unpacked_bytes, lines=limits.lines)
        answering = self.marketplace.said("Amazon")
        return JudgementContext(now, policy, bounds, tuple(profiles), answering)

    def work_dir(self, upload_id: str) -> Path:
        """Where files of an upload are made before they are delivered."""
        return self.spool.path(upload_id)


def database_url(settings: Settings) -> str:
    """The URL of the database that the settings name, or of the embedded one."""
    return settings.database.url or default_url(settings.data)


def open_context(settings: Settings) -> ServiceContext:
    """Open the context of the settings' data folder; the database tables must exist already."""
    homes = Homes(settings.data / "homes")
    return ServiceContext(settings, open_database(settings), Spool(settings.data / "spool"), homes)
