"""`cws-filedrop doctor`: is everything as it should be, and what is to be done where it is not?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final

import typer

from cws_filedrop.cli.terminal.shared import Coloured, settings, show_json, show_table
from cws_filedrop.settings import Settings

AHEAD: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Symptom:
    """What was looked at; `tone` is good, odd or bad, and all but good ones have a remedy."""

    what: str
    tone: str
    words: str
    remedy: str = ""


def doctor(
    amazon: Annotated[bool, typer.Option("--amazon/--no-amazon", help="ask Amazon for each account")] = True,
    json: Annotated[bool, typer.Option("--json", help="for machines")] = False,
) -> None:
    """Look at permissions, disk, database, clock, spool and Amazon; exit code 1 when something is wrong."""
    found = list(_symptoms(settings(), amazon=amazon))
    if json:
        show_json({"version": 1, "checks": [asdict(one) for one in found]})
    else:
        rows = [(one.what, Coloured(one.words, one.tone), one.remedy) for one in found]
        show_table("Checks", ("what", "how it is", "what to do"), rows)
    if any(one.tone == "bad" for one in found):
        raise typer.Exit(1)


def _symptoms(chosen: Settings, *, amazon: bool) -> Iterator[Symptom]:
    yield from _data(chosen)
    version = _version(chosen)
    yield version
    if version.tone == "bad":
        return
    from cws_filedrop.service_context import open_context

    context = open_context(chosen)
    try:
        for look in (_clock, _rows, _spool, _sending):
            yield from look(context)
        if amazon:
            yield from _amazon(context)
    finally:
        context.db.close()


def _data(chosen: Settings) -> Iterator[Symptom]:
    from cws_filedrop import data_folder, private

    data = chosen.data
    if not data.is_dir():
        yield Symptom("data folder", "bad", f"{data} is not there", "`cws-filedrop serve` makes it; see data_dir")
        return
    closed = data_folder.unwritable(chosen)
    remedy = f"give them to {private.user_name()}, or run this as the service's user"
    words = ", ".join(map(str, closed[:5]))
    yield (
        Symptom("data folder", "bad", f"cannot be written: {words}", remedy)
        if closed
        else Symptom("data folder", "good", f"{data} can be written by {private.user_name()}")
    )
    if data.stat().st_mode & 0o007:
        yield Symptom("privacy", "odd", f"{data} is open to others", f"chmod o= {data}; the next start does it, too")
    yield _disk(chosen)


def _disk(chosen: Settings) -> Symptom:
    from cws_filedrop.formatting import size

    found = os.statvfs(chosen.data)
    free, least = found.f_bavail * found.f_frsize, chosen.limits.free_bytes
    tone = "bad" if free < least else "odd" if free < 4 * least else "good"
    few = bool(found.f_files) and found.f_favail < found.f_files // 50
    remedy = "" if tone == "good" and not few else "make room: uploads are refused below free_bytes in [limits]"
    return Symptom("disk", "bad" if few else tone, f"{size(free)} free{', few inodes' if few else ''}", remedy)


def _version(chosen: Settings) -> Symptom:
    from cws_filedrop.errors import ConfigError
    from cws_filedrop.store import migrations
    from cws_filedrop.store.database import DatabaseError
    from cws_filedrop.store.opening import open_database

    if not chosen.database.url and not (chosen.data / "cws_filedrop.db").exists():
        return Symptom("database", "bad", "there is none yet", "`cws-filedrop serve` makes it")
    try:
        db = open_database(chosen)
        with db.read() as connection:
            found = migrations.revision(connection) or "none"
        db.close()
    except (ConfigError, DatabaseError) as error:
        return Symptom("database", "bad", f"cannot be opened: {error}", "see [database] url, and whether it runs")
    if found == migrations.HEAD:
        return Symptom("database", "good", f"version {found}, as this program has it")
    if found > migrations.HEAD and found != "none":
        return Symptom("database", "bad", f"version {found}, newer than {migrations.HEAD}", "install the newer program")
    return Symptom("database", "bad", f"version {found}, older than {migrations.HEAD}", "start the service once")


def _clock(context: Any) -> Iterator[Symptom]:
    from cws_filedrop.store.database import stamp
    from cws_filedrop.store.outgoing import alarms

    now = datetime.now(UTC)
    ahead = [who for who, at in alarms.beats(context.db).items() if at > stamp(now + AHEAD)]
    if ahead:
        words = f"it is {stamp(now)} here, and {ahead[0]} was alive later than that"
        yield Symptom("clock", "bad", words, "set the clock by NTP (timedatectl set-ntp true) on every host")
    else:
        yield Symptom("clock", "good", f"it is {stamp(now)}")


def _rows(context: Any) -> Iterator[Symptom]:
    from cws_filedrop.store.lists import orphans

    found = orphans.counted(context.db)
    remedy = "keep a backup of now, and report it: rows do not lose one another by themselves"
    for what, number in found.items():
        yield Symptom("tables", "bad", f"{number:,} {what}", remedy)
    if not found:
        yield Symptom("tables", "good", "every row leads somewhere")


def _spool(context: Any) -> Iterator[Symptom]:
    from cws_filedrop.drop.spool import UPLOAD_ID
    from cws_filedrop.model import UploadState
    from cws_filedrop.store.uploads import uploads

    there = list(context.spool.accepted())
    known = {
        one.id for start in range(0, len(there), 500) for one in uploads.some(context.db, there[start : start + 500])
    }
    if strange := [one for one in there if one not in known]:
        words = f"{len(strange)} uploads that the database does not know, such as {strange[0]}"
        folder = f"{context.spool.root}/uploads/{strange[0][:8]}/{strange[0]}"
        yield Symptom("spool", "bad", words, f"move each to arrived/ID.doubtful to have it read, such as {folder}")
    unread = [one for one in uploads.in_state(context.db, UploadState.ARRIVED) if UPLOAD_ID.fullmatch(one)]
    if lost := [one for one in unread if context.spool.seen(one) is None]:
        words = f"{len(lost)} uploads without their bytes, such as {lost[0]}"
        yield Symptom("spool", "bad", words, "restore the spool, or ask the seller for the file and `upload reject` it")
    if not strange and not lost:
        yield Symptom("spool", "good", f"{len(there):,} uploads, each with its row and its bytes")


def _sending(context: Any) -> Iterator[Symptom]:
    from cws_filedrop.model import FeedState
    from cws_filedrop.store.feeds import feeds, unseen

    for account, why in feeds.stopped_accounts(context.db).items():
        yield Symptom(f"account {account}", "bad", why, "mend what it says, then `feed retry`")
    for one in unseen.accounts(context.db):
        if one.listed_at is not None:
            yield Symptom(f"account {one.id}", "odd", one.unseen_note, "wait; `restore end-pause` ends it")
    for feed in feeds.listing(context.db, states=(FeedState.STOPPED,)):
        yield Symptom(f"feed {feed.no}", "bad", feed.note, "page *Feeds*, or `feed retry`")


def _amazon(context: Any) -> Iterator[Symptom]:
    from cws_filedrop import log
    from cws_filedrop.service import account_clients
    from cws_filedrop.store.sellers import sellers

    market = context.settings.marketplace
    if market.kind == "sandbox" and not market.endpoint:
        yield Symptom("Amazon", "good", "the built-in sandbox answers; nothing is asked")
        return
    log.configure("error")  # what calls of Amazon log would stand between the answers
    client = account_clients(context.settings)
    for account in {seller.account.id: seller.account for seller in sellers.everyone(context.db)}.values():
        yield _asked(f"Amazon for {account.merchant_id}", partial(client, account))


def _asked(what: str, client: Callable[[], Any]) -> Symptom:
    from cws_filedrop.errors import ConfigError, RemoteError, RemoteRefused

    try:
        client().get_feeds(datetime.now(UTC) - timedelta(hours=1))
    except (ConfigError, RemoteRefused) as error:
        return Symptom(what, "bad", str(error), "docs/install.md#connecting-amazon: credentials, roles, consent")
    except RemoteError as error:
        return Symptom(what, "odd", str(error), "look at the network and at Amazon's status, and try again")
    return Symptom(what, "good", "lists its feeds")
