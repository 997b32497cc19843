"""The checks: a function for each kind of alarm, from what was collected to what is wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from cws_filedrop.drop.leftovers import leftovers
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
    """What the checks look at. `ends` are the ends of certificates by name; `skew_seconds` is None where unknown."""

    context: ServiceContext
    now: datetime
    stages: StageCounts
    disk: Disk
    trend: Trend
    ends: dict[str, datetime] = field(default_factory=dict)
    skew_seconds: float | None = None

    def ago(self, **time: float) -> str:
        """The stamp of a moment that long ago."""
        return stamp(self.now - timedelta(**time))


def stuck_uploads(given: CheckInput) -> Iterator[AlarmFinding]:
    """Uploads that have not been read."""
    unread = given.stages.upload("arrived")
    minutes = given.context.settings.alarms.unread_minutes
    if unread.oldest and unread.oldest < given.ago(minutes=minutes):
        yield AlarmFinding(
            "stuck-upload",
            AlarmKind.STUCK_UPLOAD,
            f"{unread.number} uploads are not read; the oldest came at {unread.oldest}",
            "Look for errors in the log, at the disk and the processor; restart the service if nothing moves.",
        )
    failed = given.stages.upload("failed")
    if failed.number:
        yield AlarmFinding(
            "failed-upload",
            AlarmKind.STUCK_UPLOAD,
            f"{failed.number} uploads could not be read, which is our fault; the oldest came at {failed.oldest}",
            "The log says why. When the cause is gone, release them: they are read again.",
        )


def ignored_files(given: CheckInput) -> Iterator[AlarmFinding]:
    """What lies in sellers' folders and is not taken."""
    folder, context = given.context.settings.folder, given.context
    for home in context.homes.known():
        found = leftovers(home, minutes=folder.told_minutes, more=folder.working_patterns)
        if found:
            yield AlarmFinding(
                f"ignored:{home.seller}",
                AlarmKind.STUCK_UPLOAD,
                f"{home.seller} has put what is not taken: {found[0].name}"
                + f" and {len(found) - 1} more" * (len(found) > 1),
                f"{found[0].words[0].upper()}{found[0].words[1:]}. STATUS.txt lists all; remove what nobody needs.",
            )


def stuck_feeds(given: CheckInput) -> Iterator[AlarmFinding]:
    """Feeds that do not get on: stopped, or at Amazon for too long; and accounts that may send nothing."""
    for feed in feeds.stopped_feeds(given.context.db):
        yield AlarmFinding(
            f"stopped-feed:{feed.no}",
            AlarmKind.STUCK_FEED,
            f"feed {feed.no} with {feed.line_count} lines is stopped: {feed.note}",
            "`feed list` and the page Feeds say what it waits for: retry it, or name the feed that Amazon has.",
        )
    for account, why in given.stages.stopped.items():
        yield AlarmFinding(
            f"stopped-account:{account}",
            AlarmKind.STUCK_FEED,
            f"nothing is sent for account {account}: {why}",
            "Mend the cause (credentials, roles), then let its stopped feed go on.",
        )
    at_amazon = given.stages.feed("submitted", "intended")
    if at_amazon.oldest and at_amazon.oldest < given.ago(hours=given.context.settings.alarms.unanswered_hours):
        yield AlarmFinding(
            "unanswered-feed",
            AlarmKind.STUCK_FEED,
            f"Amazon has not answered since {at_amazon.oldest}: {at_amazon.number} feeds, {at_amazon.lines} lines",
            "Look at Amazon's health page for selling partners; nothing has to be sent again.",
        )
    yield from _unsent(given)


def _unsent(given: CheckInput) -> Iterator[AlarmFinding]:
    """Lines that are not sent, though nobody stopped them: Amazon is away, or a feed cannot be stored."""
    unsent, hours = given.stages.to_send, given.context.settings.alarms.unanswered_hours
    if unsent.oldest and unsent.oldest < given.ago(hours=hours) and not given.stages.stopped:
        yield AlarmFinding(
            "unsent-lines",
            AlarmKind.STUCK_FEED,
            f"Amazon was not told of {unsent.lines} lines; the oldest wait since {unsent.oldest}",
            "The page Feeds says what their feed waits for, such as a disk that is full or Amazon being away.",
        )


def unconfirmed(given: CheckInput) -> Iterator[AlarmFinding]:
    """Lines that Amazon refused or nobody knows about, and that nobody has settled, for each seller."""
    before = given.ago(minutes=given.context.settings.alarms.unconfirmed_minutes)
    by_seller: dict[str, list[str]] = {}
    for line in work_lists.unconfirmed(given.context.db, limit=work_lists.COUNTED):
        if line.arrived_at < before:
            by_seller.setdefault(line.seller, []).append("unknown" if line.is_unknown else line.code)
    for seller, codes in by_seller.items():
        summary = ", ".join(f"{code} {codes.count(code)}" for code in sorted(set(codes)))
        yield AlarmFinding(
            f"unconfirmed:{seller}",
            AlarmKind.UNCONFIRMED,
            f"{len(codes)} lines of {seller} are not confirmed: {summary}",
            "The page Unconfirmed has Amazon's words and what to do. The seller sees them in STATUS.txt.",
        )


def silent_sellers(given: CheckInput) -> Iterator[AlarmFinding]:
    """Sellers that usually would have dropped something by now."""
    if not given.context.settings.alarms.silent_sellers:
        return
    since = given.now - timedelta(weeks=RHYTHM_WEEKS)
    for seller in sellers.everyone(given.context.db):
        if not seller.enabled:
            continue
        arrivals = usage.arrivals(given.context.db, seller.id, since=since)
        expected = rhythm.overdue(arrivals, now=given.now, zone=ZoneInfo(seller.policy.time_zone))
        if expected is not None:
            yield AlarmFinding(
                f"silent:{seller.name}:{stamp(max(arrivals))}",
                AlarmKind.SILENT_SELLER,
                f"{seller.name} has dropped nothing since {stamp(max(arrivals))}; usually it has by {stamp(expected)}",
                "Ask whether its export runs and its login works: `audit --seller NAME` shows what it tried.",
            )


def disk(given: CheckInput) -> Iterator[AlarmFinding]:
    """Disk space that is short, or will be soon."""
    hours = given.context.settings.alarms.disk_hours
    for name, free, least in given.disk.shares(given.context.settings.limits.free_bytes):
        left = given.trend.hours_left(name, free, least)
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


def expiring(given: CheckInput) -> Iterator[AlarmFinding]:
    """Certificates and logins that end."""
    limit = given.now + timedelta(days=given.context.settings.alarms.expiry_days)
    for name, last in given.ends.items():
        if last < limit:
            over = "has ended" if last <= given.now else "ends"
            yield AlarmFinding(
                f"expiring:{name}",
                AlarmKind.EXPIRING,
                f"{name} {over} on {last:%Y-%m-%d}",
                "Put a new certificate in its place; it is read again by itself.",
            )
    for seller, end in sellers.expiring(given.context.db, before=limit):
        if moment(end) > given.now:
            yield AlarmFinding(
                f"expiring:seller {seller}",
                AlarmKind.EXPIRING,
                f"the access of {seller} ends on {end[:10]}",
                "`seller set NAME --expires` gives it longer.",
            )


def rejections(given: CheckInput) -> Iterator[AlarmFinding]:
    """Codes far more frequent than usual: a seller's export has changed, or a rule of ours has a fault."""
    hour, before = given.now - timedelta(hours=1), given.now - timedelta(days=USUAL_DAYS)
    lately = dict(charts.codes(given.context.db, since=hour, until=given.now, verdicts=("rejected",)))
    lines = charts.lines(given.context.db, since=hour, until=given.now)
    if not lately or not lines:
        return
    usual = dict(charts.codes(given.context.db, since=before, until=hour, verdicts=("rejected",)))
    usual_lines = charts.lines(given.context.db, since=before, until=hour)
    for code, number in lately.items():
        share = number / lines
        usual_share = usual.get(code, 0) / usual_lines if usual_lines else 0.0
        # A share alone would raise an alarm for one bad line of three on a quiet night; a number alone, for a busy day.
        enough = number >= given.context.settings.alarms.rejections and share >= SHARE
        if enough and share > FAR_MORE * usual_share:
            shares = f"{share:.0%} of all; usually it is {usual_share:.1%}"
            yield AlarmFinding(
                f"rejections:{code}",
                AlarmKind.REJECTIONS,
                f"{number} lines were rejected with {code} in an hour, {shares}",
                f"Look at the uploads with {code}: has a seller's export changed?",
            )


def bans(given: CheckInput) -> Iterator[AlarmFinding]:
    """Addresses that are banned for guessing at passwords."""
    banned = guard.banned(given.context.db, given.now.timestamp())
    if banned:
        addresses = ", ".join(record.who for record in banned[:5]) + (" …" if len(banned) > 5 else "")
        yield AlarmFinding(
            "guard",
            AlarmKind.GUARD,
            f"{len(banned)} addresses are kept out for guessing at passwords: {addresses}",
            "`guard list` shows them. If one is a seller's, have its password set right, then `guard unban ADDRESS`.",
        )


def clock(given: CheckInput) -> Iterator[AlarmFinding]:
    """A clock that is wrong makes Amazon refuse requests and ship dates."""
    skew = given.skew_seconds
    if skew is not None and abs(skew) > given.context.settings.alarms.clock_seconds:
        way = "ahead of" if skew > 0 else "behind"
        yield AlarmFinding(
            "clock",
            AlarmKind.CLOCK,
            f"this machine's clock is {abs(skew):.0f} seconds {way} Amazon's",
            "Set it, and let a time service keep it right.",
        )


def processes(given: CheckInput) -> Iterator[AlarmFinding]:
    """Processes that were started and give no sign of life any more."""
    limit = given.ago(seconds=given.context.settings.alarms.beat_seconds)
    for who, at in alarms.beats(given.context.db).items():
        if at < limit:
            yield AlarmFinding(
                f"process:{who}",
                AlarmKind.PROCESS,
                f"the process {who} has given no sign of life since {at}",
                "It is started again when it dies; when it hangs, restart the service.",
            )


def mail(given: CheckInput) -> Iterator[AlarmFinding]:
    """Mails that are not sent."""
    if not given.context.settings.mail.host:
        return
    stuck = mails.waiting_since(given.context.db)
    if stuck and stuck < given.ago(hours=MAIL_HOURS):
        yield AlarmFinding(
            "mail",
            AlarmKind.MAIL,
            f"mails have waited since {stuck}",
            "`mail list` says what the server answers; `mail test` tries the settings.",
        )


CHECKS: Final[tuple[Callable[[CheckInput], Iterator[AlarmFinding]], ...]] = (
    stuck_uploads,
    ignored_files,
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
    """When the certificates in use end; one that cannot be read is left out, since the doors complain of it."""
    settings, ends = context.settings, {}
    places = {"the certificate of the pages": settings.web.certificate if settings.web.enabled else ""}
    if settings.ftp.enabled and settings.tls.mode != "off":
        places["the certificate of FTP over TLS"] = settings.tls.certificate
    for name, path in places.items():
        if path:
            try:
                ends[name] = seen(Path(path))
            except (OSError, ValueError):
                continue
    return ends
