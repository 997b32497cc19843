"""A desk with mail: a real SMTP server, a seller who wants to hear of things, and a postman's round at a given time."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from notify.post_office import PostOffice
from pipeline.contexts import NOW, context_on, of_amazon, put, read

from cws_filedrop.model import MailEvent, Mailing, MailState, Policy, Seller, Verdict
from cws_filedrop.notify.mail_relay import mail_relay
from cws_filedrop.outgoing.mail import buyer_mails, notes, operator_mails, upload_mails
from cws_filedrop.outgoing.mail.delivery import Delivery
from cws_filedrop.outgoing.mail.digest_mails import Digests
from cws_filedrop.pipeline import outbox
from cws_filedrop.service_context import ServiceContext
from cws_filedrop.settings import MailSettings
from cws_filedrop.store.feeds import feeds, filling, settling
from cws_filedrop.store.feeds.feeds import RateLimit
from cws_filedrop.store.feeds.settling import Settlement
from cws_filedrop.store.outgoing import mails
from cws_filedrop.store.outgoing.mails import Mail
from cws_filedrop.store.sellers import sellers
from cws_filedrop.store.uploads import uploads
from cws_filedrop.store.uploads.uploads import Upload

FREE = RateLimit("createFeed", lambda arrival, now: (now, 0.0))
ALL = (MailEvent.ERRORS, MailEvent.WARNINGS, MailEvent.SUCCESS)
HEADINGS = "order-id\tstatus\torder-item-id\tquantity\ttracking\tcarrier\n"


@dataclass
class Clock:
    """What time it is."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def later(self, **how: float) -> None:
        self.now += timedelta(**how)


@dataclass
class Shop:
    """`anna` and her files; `send` is a round of the postman's."""

    context: ServiceContext
    server: PostOffice
    clock: Clock
    files: int = 0
    feeds: int = 0
    delivery: Delivery = field(init=False)
    digests: Digests = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """As after a start of the service."""
        self.delivery = Delivery(self.context, mail_relay(self.context.settings.mail, {}), monotonic=self._seconds)
        self.digests = Digests(self.context)
        mails.left_behind(self.context.db)

    def _seconds(self) -> float:
        return self.clock.now.timestamp()

    @property
    def anna(self) -> Seller:
        found = sellers.find(self.context.db, "anna")
        assert found is not None
        return found

    def wants(self, *events: MailEvent, to: tuple[str, ...] = ("anna@example.com",), buyers: bool = False) -> None:
        sellers.set_mailing(self.context.db, "anna", Mailing(to, events, buyers))

    def put(self, *rows: str, folder: str = "inbox", name: str = "") -> str:
        self.files += 1
        content = (HEADINGS + "".join(f"{row}\n" for row in rows)).encode()
        return put(self.context, content, name=name or f"{self.files}.txt", folder=folder)

    def answer(self, upload_id: str) -> None:
        """Read it (once) and answer it, as the worker's step does; it may be done again."""
        found = uploads.some(self.context.db, [upload_id])
        if found[0].state == "arrived":
            found = [read(self.context, upload_id)]
        assert outbox.answer(self.context, found) == []

    def drop(self, *rows: str, folder: str = "inbox", name: str = "") -> str:
        upload_id = self.put(*rows, folder=folder, name=name)
        self.answer(upload_id)
        return upload_id

    def settle(self, refused: dict[int, tuple[str, str]] | None = None, verdict: Verdict = Verdict.CONFIRMED) -> int:
        """The next feed goes to Amazon and is answered; its number. Results are published."""
        self.feeds += 1
        turn = feeds.take_turn(
            self.context.db, 1, cause=f"t{self.feeds}", now=self.clock(), second_after_seconds=0, rate_limit=FREE
        )
        assert turn.feed_no is not None
        filling.fill(self.context.db, turn.feed_no, limit=100, number=lambda table: table.index.to_series() + 1)
        feeds.submitted(self.context.db, turn.feed_no, amazon_feed_id=f"F{turn.feed_no}", now=self.clock())
        exceptions = {number: (Verdict.UNCONFIRMED, *words) for number, words in (refused or {}).items()}
        settlement = Settlement(verdict, "", "Amazon accepted it", exceptions)
        finished = settling.settle(self.context.db, turn.feed_no, settlement, now=self.clock())
        notes.settled(self.context, turn.feed_no, 1)
        self.publish(finished)
        return turn.feed_no

    def publish(self, upload_ids: list[str]) -> list[Upload]:
        found = uploads.some(self.context.db, upload_ids)
        assert outbox.publish(self.context, found) == []
        return found

    def write(self) -> None:
        """Have everything written that is to be told."""
        upload_mails.write(self.context)
        buyer_mails.write(self.context)
        operator_mails.write(self.context, mail_relay(self.context.settings.mail, {}).operators)
        self.digests.write()

    def send(self) -> None:
        """A round of the postman's."""
        self.write()
        self.delivery.send_due(threading.Event())

    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in self.server.messages()]

    def states(self) -> list[MailState]:
        return [mail.state for mail in reversed(mails.listing(self.context.db))]

    def mail(self) -> Mail:
        (found,) = mails.listing(self.context.db)
        return found


def shop_with(folder: Path, server: PostOffice, policy: Policy | None = None, **changes: object) -> Shop:
    """A shop whose mails go to a server."""
    clock = Clock()
    context = of_amazon(context_on(folder, policy))
    settings = MailSettings(
        host="localhost", port=server.port, security="none", sender="ship@example.com", per_minute=0, timeout_seconds=20
    )
    settings = replace(settings, **changes)  # type: ignore[arg-type]
    return Shop(replace(context, settings=replace(context.settings, mail=settings), clock=clock), server, clock)
