"""A letter -> the message that leaves: headers, both parts, and an identity that never changes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from cws_filedrop.notify.addresses import NamedAddress, wire
from cws_filedrop.notify.letters import Letter

_SEVEN_BITS: Final = SMTP.clone(cte_type="7bit")  # not every server accepts 8-bit mail


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message, from whom and to whom; all of it ASCII."""

    sender: str
    recipient: str
    body: bytes


def message_id(key: str, sender: str) -> str:
    """The Message-ID of the mail with that key: always the same, so that a copy sent twice can be recognised."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:40]
    return f"<{digest}@{wire(sender).rpartition('@')[2]}>"


def seal(letter: Letter, *, key: str, sender: NamedAddress, recipient: str, written_at: datetime) -> Envelope:
    """The message of a letter, ready to leave.

    Raises: BadAddress.
    """
    message = EmailMessage(policy=_SEVEN_BITS)
    to = wire(recipient)
    message["From"] = _header(sender.name, wire(sender.address))
    message["To"] = _header("", to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(written_at)
    message["Message-ID"] = message_id(key, sender.address)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office replies leave it alone
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return Envelope(wire(sender.address), to, message.as_bytes())


def _header(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)
