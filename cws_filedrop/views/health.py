"""How the service itself is: database, disk, Amazon, and each of its processes; in words for operators."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from cws_filedrop.formatting import lasting, size
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import moment
from cws_filedrop.store.feeds import unseen
from cws_filedrop.store.lists.stages import StageCounts
from cws_filedrop.store.outgoing import alarms

SLOW_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class Health:
    """How a part is: `tone` is good, odd or bad."""

    name: str
    tone: str
    words: str


def look(context: ServiceContext, stages: StageCounts, *, seconds: float) -> list[Health]:
    """Each part; `seconds` is how long the database took to answer for the stages."""
    return [_database(seconds), _disk(context), _marketplace(context, stages), *_processes(context)]


def _database(seconds: float) -> Health:
    words = f"answers within {seconds * 1000:.0f} ms"
    return Health("Database", "odd" if seconds > SLOW_SECONDS else "good", words)


def _disk(context: ServiceContext) -> Health:
    found = os.statvfs(context.spool.root)
    free, least = found.f_bavail * found.f_frsize, context.settings.limits.free_bytes
    # Odd while there is still time to act: below four times what makes uploads be refused.
    tone = "bad" if free < least else "odd" if free < 4 * least else "good"
    inodes = f", {found.f_favail / found.f_files:.0%} of its inodes" if found.f_files else ""
    words = f"{size(free)} free{inodes}"
    return Health("Disk", tone, words + ("; uploads are refused until there is more" if tone == "bad" else ""))


def _processes(context: ServiceContext) -> list[Health]:
    """The worker with its engine, the doors, the pages: how long ago each gave a sign of life."""
    most, parts = context.settings.alarms.beat_seconds, []
    for who, at in sorted(alarms.beats(context.db).items()):
        silent = (context.clock() - moment(at)).total_seconds()
        words = f"silent for {lasting(silent)}" if silent > most else "alive"
        parts.append(Health(who.partition(" ")[0].capitalize(), "bad" if silent > most else "good", words))
    return parts


def _marketplace(context: ServiceContext, found: StageCounts) -> Health:
    name = str(context.marketplace).capitalize()
    if found.stopped:
        return Health(name, "bad", "; ".join(f"{account}: {why}" for account, why in found.stopped.items()))
    if found.feed("stopped").number:
        return Health(name, "bad", f"stopped feeds: {found.feed('stopped').number}")
    if restored := unseen.accounts(context.db):
        return Health(name, "odd", restored[0].unseen_note)
    if context.marketplace.notice:
        return Health(name, "odd", "takes what it is given; Amazon is told nothing")
    return Health(name, "good", "takes what it is given")
