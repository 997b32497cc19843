"""What is looked at: a function for each kind of alarm, from a scene to what is wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from cws_filedrop.model import AlarmKind
from cws_filedrop.outgoing.alarms import rhythm
from cws_filedrop.outgoing.alarms.disks import Disk, Trend
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.store.database import moment, stamp
from cws_filedrop.store.doors import guard
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.lists import charts, usage, work_lists
from cws_filedrop.store.lists.stages import StageCounts
from cws_filedrop.store.outgoing import alarms, mails
from cws_filedrop.store.outgoing.alarms import AlarmFinding
from cws_filedrop.store.sellers import sellers

RHYTHM_WEEKS: Final = 5
USUAL_DAYS: Final = 30
FAR_MORE: Final = 3.0  # times its usual share
SHARE: Final = 0.1  # of all lines, at least
MAIL_HOURS: Final = 1.0


@dataclass(frozen=True)
class CheckInput:
    """What the checks look at. `ends` are moments at which certificates end, by name; `skew_seconds` None = unknown."""

    context: ServiceContext
    now: datetime
    stages: StageCounts
    disk: Disk
    trend: Trend
    ends: dict[str, datetime] = field(default_factory=dict)
    skew_seconds: float | None = None

    def ago(self, **time: float) -> str:
        """The stamp of a moment so long ago."""
        return stamp(self.now - timedelta(**time))


def stuck_uploads(scene: CheckInput) -> Iterator[AlarmFinding]:
    """Files that nobody reads."""
    found = scene.stages.upload("arrived")
    minutes = scene.context.settings.alarms.unread_minutes
    if found.oldest and found.oldest < scene.ago(minutes=minutes):
        yield AlarmFinding(
            "stuck-upload",
            AlarmKind.STUCK_UPLOAD,
            f"{found.number} uploads are not read; the oldest came at {found.oldest}",
            "Look for errors in the log, at the disk and the processor; restart the service if nothing moves.",
        )
    failed = scene.stages.upload("failed")
    if failed.number:
        yield AlarmFinding(
            "failed-upload",
            AlarmKind.STUCK_UPLOAD,
            f"{failed.number} uploads could not be read, which is our fault; the oldest came at {failed.oldest}",
            "The log says why. When the cause is gone, release them: they are read again.",
        )


def stuck_feeds(scene: CheckInput) -> Iterator[AlarmFinding]:
    """Documents that do not come on: stopped, or at Amazon for too long; and accounts that may send nothing."""
    for one in feeds.stopped_feeds(scene.context.db):
        yield AlarmFinding(
            f"stopped-feed:{one.no}",
            AlarmKind.STUCK_FEED,
            f"feed {one.no} with {one.line_count} lines is stopped: {one.note}",
            "`feed list` and the page Feeds say what it waits for: retry it, or name the feed that Amazon has.",
        )
    for account, why in scene.stages.stopped.items():
        yield AlarmFinding(
            f"stopped-account:{account}",
            AlarmKind.STUCK_FEED,
            f"nothing is sent for account {account}: {why}",
            "Mend the cause (credentials, roles), then let its stopped feed go on.",
        )
    at_amazon = scene.stages.feed("submitted", "intended")
    if at_amazon.oldest and at_amazon.oldest < scene.ago(hours=scene.context.settings.alarms.unanswered_hours):
        yield AlarmFinding(
            "unanswered-feed",
            AlarmKind.STUCK_FEED,
            f"Amazon has not answered since {at_amazon.oldest}: {at_amazon.number} feeds, {at_amazon.lines} lines",
            "Look at Amazon's health page for selling partners; nothing has to be sent again.",
        )
    yield from _unsent(scene)


def _unsent(scene: CheckInput) -> Iterator[AlarmFinding]:
    """Lines that do not leave, though nobody stopped them: Amazon is away, or a feed cannot be kept."""
    found, hours = scene.stages.to_send, scene.context.settings.alarms.unanswered_hours
    if found.oldest and found.oldest < scene.ago(hours=hours) and not scene.stages.stopped:
        yield AlarmFinding(
            "unsent-lines",
            AlarmKind.STUCK_FEED,
            f"Amazon was not told of {found.lines} lines; the oldest wait since {found.oldest}",
            "The page Feeds says what their feed waits for, such as a disk that is full or Amazon being away.",
        )


def unconfirmed(scene: CheckInput) -> Iterator[AlarmFinding]:
    """Lines that Amazon refused or nobody knows about, and that nobody has settled, for each seller."""
    before = scene.ago(minutes=scene.context.settings.alarms.unconfirmed_minutes)
    by_seller: dict[str, list[str]] = {}
    for one in work_lists.unconfirmed(scene.context.db, limit=work_lists.COUNTED):
        if one.arrived_at < before:
            by_seller.setdefault(one.seller, []).append("unknown" if one.is_unknown else one.code)
    for seller, codes in by_seller.items():
        told = ", ".join(f"{code} {codes.count(code)}" for code in sorted(set(codes)))
        yield AlarmFinding(
            f"unconfirmed:{seller}",
            AlarmKind.UNCONFIRMED,
            f"{len(codes)} lines of {seller} are not confirmed: {told}",
            "The page Unconfirmed has Amazon's words and what to do. The seller sees them in STATUS.txt.",
        )


def silent_sellers(scene: CheckInput) -> Iterator[AlarmFinding]:
    """Sellers that usually would have dropped something by now."""
    if not scene.context.settings.alarms.silent_sellers:
        return
    since = scene.now - timedelta(weeks=RHYTHM_WEEKS)
    for seller in sellers.everyone(scene.context.db):
        if not seller.enabled:
            continue
        arrivals = usage.arrivals(scene.context.db, seller.id, since=since)
        expected = rhythm.overdue(arrivals, now=scene.now, zone=ZoneInfo(seller.policy.time_zone))
        if expected is not None:
            yield AlarmFinding(
                f"silent:{seller.name}:{stamp(max(arrivals))}",
                AlarmKind.SILENT_SELLER,
                f"{seller.name} has dropped nothing since {stamp(max(arrivals))}; usually it has by {stamp(expected)}",
                "Ask whether its export runs and its login works: `audit --seller NAME` shows what it tried.",
            )


def disk(scene: CheckInput) -> Iterator[AlarmFinding]:
    """Room that is short, or will be soon."""
    hours = scene.context.settings.alarms.disk_hours
    for name, free, least in scene.disk.shares(scene.context.settings.limits.free_bytes):
        left = scene.trend.hours_left(name, free, least)
        if free < least:
            text = (
                f"{name} of the data folder's disk run short: {free:,} are free, {least:,} must be; uploads are refused"
            )
        elif left is not None and left < hours:
            text = (
                f"{name} of the data folder's disk will be used up in {left:.0f} hours as things go; {free:,} are free"
            )
        else:
            continue
        remedy = "Make room or give the disk more; `keep_results_days` says how long results stay."
        yield AlarmFinding(f"disk:{name}", AlarmKind.DISK, text, remedy)


def expiring(scene: CheckInput) -> Iterator[AlarmFinding]:
    """Certificates and logins that end."""
    limit = scene.now + timedelta(days=scene.context.settings.alarms.expiry_days)
    for name, last in scene.ends.items():
        if last < limit:
            over = "has ended" if last <= scene.now else "ends"
            yield AlarmFinding(
                f"expiring:{name}",
                AlarmKind.EXPIRING,
                f"{name} {over} on {last:%Y-%m-%d}",
                "Put a new certificate in its place; it is read again by itself.",
            )
    for seller, end in sellers.expiring(scene.context.db, before=limit):
        if moment(end) > scene.now:
            yield AlarmFinding(
                f"expiring:seller {seller}",
                AlarmKind.EXPIRING,
                f"the access of {seller} ends on {end[:10]}",
                "`seller set NAME --expires` gives it longer.",
            )


def rejections(scene: CheckInput) -> Iterator[AlarmFinding]:
    """Codes that come far more often than usual: somebody's export has changed, or ours has a fault."""
    hour, before = scene.now - timedelta(hours=1), scene.now - timedelta(days=USUAL_DAYS)
    lately = dict(charts.codes(scene.context.db, since=hour, until=scene.now, verdicts=("rejected",)))
    lines = charts.lines(scene.context.db, since=hour, until=scene.now)
    if not lately or not lines:
        return
    usual = dict(charts.codes(scene.context.db, since=before, until=hour, verdicts=("rejected",)))
    usual_lines = charts.lines(scene.context.db, since=before, until=hour)
    for code, number in lately.items():
        share = number / lines
        usual_share = usual.get(code, 0) / usual_lines if usual_lines else 0.0
        enough = number >= scene.context.settings.alarms.rejections and share >= SHARE
        if enough and share > FAR_MORE * usual_share:
            told = f"{share:.0%} of all; usually it is {usual_share:.1%}"
            yield AlarmFinding(
                f"rejections:{code}",
                AlarmKind.REJECTIONS,
                f"{number} lines were rejected with {code} in an hour, {told}",
                f"Look at the uploads with {code}: has a seller's export changed?",
            )


def bans(scene: CheckInput) -> Iterator[AlarmFinding]:
    """Addresses that are kept out for guessing at passwords."""
    found = guard.banned(scene.context.db, scene.now.timestamp())
    if found:
        addresses = ", ".join(one.who for one in found[:5]) + (" …" if len(found) > 5 else "")
        yield AlarmFinding(
            "guard",
            AlarmKind.GUARD,
            f"{len(found)} addresses are kept out for guessing at passwords: {addresses}",
            "`guard list` shows them. If one is a seller's, have its password set right, then `guard unban ADDRESS`.",
        )


def clock(scene: CheckInput) -> Iterator[AlarmFinding]:
    """A clock that is wrong makes Amazon refuse requests and ship dates."""
    skew = scene.skew_seconds
    if skew is not None and abs(skew) > scene.context.settings.alarms.clock_seconds:
        way = "ahead of" if skew > 0 else "behind"
        yield AlarmFinding(
            "clock",
            AlarmKind.CLOCK,
            f"this machine's clock is {abs(skew):.0f} seconds {way} Amazon's",
            "Set it, and let a time service keep it right.",
        )


def processes(scene: CheckInput) -> Iterator[AlarmFinding]:
    """Processes that were started and say nothing any more."""
    limit = scene.ago(seconds=scene.context.settings.alarms.beat_seconds)
    for who, at in alarms.beats(scene.context.db).items():
        if at < limit:
            yield AlarmFinding(
                f"process:{who}",
                AlarmKind.PROCESS,
                f"the process {who} has given no sign of life since {at}",
                "It is started again when it dies; when it hangs, restart the service.",
            )


def mail(scene: CheckInput) -> Iterator[AlarmFinding]:
    """Mails that do not leave."""
    if not scene.context.settings.mail.host:
        return
    stuck = mails.waiting_since(scene.context.db)
    if stuck and stuck < scene.ago(hours=MAIL_HOURS):
        yield AlarmFinding(
            "mail",
            AlarmKind.MAIL,
            f"mails have waited since {stuck}",
            "`mail list` says what the server answers; `mail test` tries the settings.",
        )


CHECKS: Final[tuple[Callable[[CheckInput], Iterator[AlarmFinding]], ...]] = (
    stuck_uploads,
    stuck_feeds,
    unconfirmed,
    silent_sellers,
    disk,
    expiring,
    rejections,
    bans,
    clock,
    processes,
    mail,
)


def certificates(context: ServiceContext, seen: Callable[[Path], datetime]) -> dict[str, datetime]:
    """When the certificates end that are in use; one that cannot be read is the doors' trouble, and told there."""
    settings, found = context.settings, {}
    places = {"the certificate of the pages": settings.web.certificate if settings.web.enabled else ""}
    if settings.ftp.enabled and settings.tls.mode != "off":
        places["the certificate of FTP over TLS"] = settings.tls.certificate
    for name, path in places.items():
        if path:
            try:
                found[name] = seen(Path(path))
            except (OSError, ValueError):
                continue
    return found
