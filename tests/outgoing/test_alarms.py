"""Each alarm once by its cause, and its end; told once, by mail and by web hook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from pipeline.contexts import NOW, context_on, put, read
from pipeline.shop import ORDER, OTHER, Shop

from cws_filedrop.decisions import orders_and_feeds, set_aside
from cws_filedrop.door_settings import FolderSettings, TlsSettings
from cws_filedrop.drop.home import Folder
from cws_filedrop.gate import certificates
from cws_filedrop.gate.guard import Guard
from cws_filedrop.gate.records import DatabaseGuardStore
from cws_filedrop.marketplaces import clocks
from cws_filedrop.marketplaces.wire import Ask, Timeouts, Wire
from cws_filedrop.model import AlarmKind, MailKind
from cws_filedrop.outgoing.alarms.disks import Disk
from cws_filedrop.outgoing.alarms.watch import AlarmWatch
from cws_filedrop.pipeline import outbox
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.settings import AlarmSettings, LimitSettings, MailSettings, WebSettings
from cws_filedrop.store.feeds import feeds
from cws_filedrop.store.outgoing import alarms, mails
from cws_filedrop.store.outgoing.mails import Draft
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.users.decisions import Who

WHO = Who("olga")
GIB = 1 << 30


@dataclass
class Scene:
    """A desk whose clock is set by hand, and the watch that looks at it."""

    context: ServiceContext
    shop: Shop
    now: datetime = NOW
    room: Disk = field(default_factory=lambda: Disk(100 * GIB, 5_000_000))
    watch: AlarmWatch = field(init=False)

    def __post_init__(self) -> None:
        self.context = self.shop.context = replace(self.context, clock=lambda: self.now)
        ends = lambda path: certificates.seen_by_clients(path)[1]  # noqa: E731
        self.watch = AlarmWatch(self.context, ends, disk=lambda _: self.room)

    def look(self, **later: float) -> set[AlarmKind]:
        """The kinds of alarms that are open, some time later."""
        self.now += timedelta(**later)
        self.watch.look()
        return {one.kind for one in alarms.listing(self.context.db)}

    def told(self) -> list[str]:
        """What operators' mails are to tell, oldest first."""
        return [one.detail for one in mails.untold(self.context.db, "trouble")]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Nothing is wrong."""
    clocks.forget()
    context = context_on(tmp_path)
    mail = MailSettings(host="localhost", sender="a@example.com", operators="ops@example.com")
    settings = replace(
        context.settings, mail=mail, limits=LimitSettings(free_bytes=GIB), web=WebSettings(), alarms=AlarmSettings()
    )
    context = replace(context, settings=settings)
    made = Scene(context, Shop(context))
    assert made.look() == set()
    yield made
    clocks.forget()
    context.db.close()


def answered(scene: Scene, *upload_ids: str) -> None:
    assert outbox.answer(scene.context, uploads.some(scene.context.db, list(upload_ids))) == []


def certificate(folder: Path, *, ends: datetime) -> Path:
    """A certificate that ends then."""
    path = folder / "certificate.pem"
    made = certificates.self_signed(certificates.host_names("localhost"), now=ends - certificates.VALID)
    path.write_bytes(made)
    return path


# A cause, and what ends it.


def upload_nobody_reads(scene: Scene, _: Path) -> Callable[[], None]:
    upload_id = put(scene.context, b"order-id\tstatus\n026-1520163-6049104\tshipped\n")
    scene.now += timedelta(minutes=11)
    return lambda: read(scene.context, upload_id) and None


def upload_that_failed(scene: Scene, _: Path) -> Callable[[], None]:
    upload_id = put(scene.context, b"order-id\tstatus\n026-1520163-6049104\tshipped\n")
    uploads.set_state(scene.context.db, upload_id, uploads.UploadState.FAILED)

    def mend() -> None:
        set_aside.release(scene.context, upload_id, who=WHO)
        read(scene.context, upload_id)

    return mend


def feed_that_is_stopped(scene: Scene, _: Path) -> Callable[[], None]:
    scene.shop.drop(f"{ORDER}\tshipped\t\t\t\t\t")
    _, number = scene.shop.submitted()
    feeds.change(scene.context.db, number, state="stopped", note="Amazon answered 403")

    def mend() -> None:
        orders_and_feeds.retry_feed(scene.context, number, who=WHO)
        scene.shop.settled(number, {})

    return mend


def feed_without_an_answer(scene: Scene, _: Path) -> Callable[[], None]:
    scene.shop.drop(f"{ORDER}\tshipped\t\t\t\t\t")
    _, number = scene.shop.submitted()
    scene.now += timedelta(hours=7)
    return lambda: scene.shop.settled(number, {}) and None


def lines_that_do_not_leave(scene: Scene, _: Path) -> Callable[[], None]:
    scene.shop.drop(f"{ORDER}\tshipped\t\t\t\t\t")
    scene.now += timedelta(hours=7)
    return lambda: scene.shop.sent() and None


def account_that_is_stopped(scene: Scene, _: Path) -> Callable[[], None]:
    feeds.stop_account(scene.context.db, 1, "Amazon does not let us in")
    return lambda: feeds.stop_account(scene.context.db, 1, "")


def refused_lines(scene: Scene, _: Path) -> Callable[[], None]:
    scene.shop.drop(f"{OTHER}\tshipped\t\t\t\t\t")
    scene.shop.answered({1: ("A-18028", "Your order cannot be found")})
    scene.now += timedelta(hours=24)

    def mend() -> None:
        orders_and_feeds.settle(
            scene.context, 1, OTHER, orders_and_feeds.OrderState.CANCELLED, note="no such order", who=WHO
        )

    return mend


def disk_that_fills_up(scene: Scene, _: Path) -> Callable[[], None]:
    for _minute in range(20):
        scene.room = replace(scene.room, bytes=scene.room.bytes - GIB)
        scene.look(minutes=3)

    def mend() -> None:
        scene.room = replace(scene.room, bytes=5000 * GIB)

    return mend


def inodes_that_run_out(scene: Scene, _: Path) -> Callable[[], None]:
    scene.room = Disk(100 * GIB, 500)

    def mend() -> None:
        scene.room = Disk(100 * GIB, None)

    return mend


def certificate_that_ends(scene: Scene, folder: Path) -> Callable[[], None]:
    path = certificate(folder, ends=scene.now + timedelta(days=10))
    tls = TlsSettings(certificate=str(path))
    scene.__init__(replace(scene.context, settings=replace(scene.context.settings, tls=tls)), scene.shop, scene.now)  # type: ignore[misc]
    return lambda: certificate(folder, ends=scene.now + timedelta(days=300)) and None


def access_that_ends(scene: Scene, _: Path) -> Callable[[], None]:
    sellers.change(scene.context.db, "anna", {"expires_at": "2026-11-25T00:00:00.000Z"})
    return lambda: sellers.change(scene.context.db, "anna", {"expires_at": None}) and None


def export_that_changed(scene: Scene, _: Path) -> Callable[[], None]:
    scene.now = datetime.now(NOW.tzinfo) + timedelta(minutes=1)  # ids tell when uploads came
    for number in range(3):
        answered(scene, scene.shop.drop(*[f"026-0000000-{number}{row:06}\tshipped\t\t\t\t\t" for row in range(30)]))
    scene.shop.answered({})
    answered(scene, scene.shop.drop(*["026-0000000-9000000\tsent away\t\t\t\t\t"] * 40))
    return lambda: setattr(scene, "now", scene.now + timedelta(hours=2))


def somebody_who_guesses(scene: Scene, _: Path) -> Callable[[], None]:
    guard = Guard(
        scene.context.settings.guard, DatabaseGuardStore(scene.context.db), clock=lambda: scene.now.timestamp()
    )
    guard.start()
    for _try in range(20):
        guard.failed(("anna", "192.0.2.66"))
    guard.stop()
    return lambda: orders_and_feeds.unban(scene.context, "192.0.2.66", who=WHO)


def clock_that_is_wrong(scene: Scene, _: Path) -> Callable[[], None]:
    def ask(ahead: timedelta) -> None:
        date = format_datetime(datetime.now(NOW.tzinfo) - ahead, usegmt=True)
        answer = httpx.MockTransport(
            lambda _: httpx.Response(200, headers={"Date": date}, stream=httpx.ByteStream(b"{}"))
        )
        wire = Wire(Timeouts(), (), transport=answer)
        for _again in range(5):
            wire.ask(Ask("something", "GET", "https://amazon.example/", {}))
        wire.close()

    ask(timedelta(minutes=3))
    return lambda: ask(timedelta(0))


def process_that_hangs(scene: Scene, _: Path) -> Callable[[], None]:
    alarms.beat(scene.context.db, "doors on here", now=scene.now)
    scene.now += timedelta(minutes=2)
    return lambda: alarms.beat(scene.context.db, "doors on here", now=scene.now)


def mail_that_does_not_leave(scene: Scene, _: Path) -> Callable[[], None]:
    draft = Draft("k", MailKind.OPERATORS, "ops@example.com", "subject", "text", "html")
    with scene.context.db.write() as connection:
        mails.queue_in(connection, [draft], now=scene.now)
    scene.now += timedelta(hours=2)
    (mail,) = mails.listing(scene.context.db)
    return lambda: mails.sent(scene.context.db, mail.no, now=scene.now)


def folder_in_an_inbox(scene: Scene, _: Path) -> Callable[[], None]:
    settings = replace(scene.context.settings, folder=FolderSettings(ignored_minutes=1e-9))
    scene.__init__(replace(scene.context, settings=settings), scene.shop, scene.now)  # type: ignore[misc]
    folder = scene.context.home("anna").folder(Folder.INBOX) / "monday"
    folder.mkdir()
    return folder.rmdir


CAUSES = {
    folder_in_an_inbox: AlarmKind.STUCK_UPLOAD,
    upload_nobody_reads: AlarmKind.STUCK_UPLOAD,
    upload_that_failed: AlarmKind.STUCK_UPLOAD,
    feed_that_is_stopped: AlarmKind.STUCK_FEED,
    feed_without_an_answer: AlarmKind.STUCK_FEED,
    lines_that_do_not_leave: AlarmKind.STUCK_FEED,
    account_that_is_stopped: AlarmKind.STUCK_FEED,
    refused_lines: AlarmKind.UNCONFIRMED,
    disk_that_fills_up: AlarmKind.DISK,
    inodes_that_run_out: AlarmKind.DISK,
    certificate_that_ends: AlarmKind.EXPIRING,
    access_that_ends: AlarmKind.EXPIRING,
    export_that_changed: AlarmKind.REJECTIONS,
    somebody_who_guesses: AlarmKind.GUARD,
    clock_that_is_wrong: AlarmKind.CLOCK,
    process_that_hangs: AlarmKind.PROCESS,
    mail_that_does_not_leave: AlarmKind.MAIL,
}


@pytest.mark.parametrize("cause", CAUSES, ids=lambda one: one.__name__)
def test_an_alarm_is_raised_by_its_cause_told_once_and_over_when_the_cause_is(
    scene: Scene, tmp_path: Path, cause: Callable[[Scene, Path], Callable[[], None]]
) -> None:
    mend = cause(scene, tmp_path)
    assert scene.look() == {CAUSES[cause]}
    (alarm,) = alarms.listing(scene.context.db)
    scene.look()
    scene.look(seconds=1)
    about = [one for one in scene.told() if alarm.text.partition(" ")[0] in one]
    assert len(about) == 1, "told once, however often it is looked at"
    assert about[0].endswith(alarm.remedy)
    scene.now += timedelta(seconds=1)
    mend()
    assert scene.look() == set()
    (over,) = [one for one in scene.told() if one.startswith("Over: ")]
    assert alarm.text.partition(" ")[0] in over
    scene.look(seconds=30)
    assert len(scene.told()) == 2


def test_every_kind_of_alarm_has_a_cause_here(scene: Scene) -> None:
    assert set(CAUSES.values()) | {AlarmKind.SILENT_SELLER} == set(AlarmKind)


def test_what_comes_again_is_told_again(scene: Scene) -> None:
    for _ in range(2):
        feeds.stop_account(scene.context.db, 1, "no credentials")
        scene.look(minutes=1)
        feeds.stop_account(scene.context.db, 1, "")
        scene.look(minutes=1)
    assert [one.partition(":")[0] for one in scene.told()] == [
        "nothing is sent for account M1",
        "Over",
        "nothing is sent for account M1",
        "Over",
    ]


def test_what_was_raised_and_not_told_when_the_service_died_is_told_after(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeds.stop_account(scene.context.db, 1, "no credentials")
    with monkeypatch.context() as broken:
        broken.setattr("cws_filedrop.outgoing.alarms.watch._tell", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            scene.look()
    assert scene.told() == []
    scene.look()
    assert len(scene.told()) == 1


def test_a_check_that_fails_neither_hides_the_others_nor_ends_its_own_alarms(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeds.stop_account(scene.context.db, 1, "no credentials")
    scene.look()
    monkeypatch.setattr("cws_filedrop.store.feeds.feeds.stopped_feeds", lambda _: 1 / 0)
    scene.room = Disk(0, None)
    assert scene.look() == {AlarmKind.STUCK_FEED, AlarmKind.DISK}
    assert not [one for one in scene.told() if one.startswith("Over")]
