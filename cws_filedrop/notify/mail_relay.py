"""[mail] settings -> the relay that mails are handed to: checked once, before anything depends on it."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cws_filedrop.config import secret
from cws_filedrop.errors import ConfigError
from cws_filedrop.notify import addresses
from cws_filedrop.notify.addresses import BadAddress, NamedAddress
from cws_filedrop.settings import MailSettings

PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
HERE: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class MailRelay:
    """Where mails are handed in, in whose name, and who the operators are. `trust` is None without encryption."""

    host: str
    port: int
    security: str
    trust: ssl.SSLContext | None
    user: str
    password: str
    sender: NamedAddress
    operators: tuple[str, ...]
    timeout_seconds: float


def mail_relay(settings: MailSettings, environment: Mapping[str, str]) -> MailRelay:
    """The relay that the settings describe, checked; `host` must be set.

    Raises: ConfigError naming the key.
    """
    if not settings.host:
        raise ConfigError("[mail] host: it is empty, so there is no mail; name the SMTP server")
    if not settings.sender:
        raise ConfigError("[mail] sender: say whom mails are from, such as Shipments <shipments@example.com>")
    if not 0 <= settings.digest_hour <= 23:
        raise ConfigError(f"[mail] digest_hour: {settings.digest_hour} is no hour; use 0 to 23")
    if settings.timeout_seconds <= 0:
        raise ConfigError(f"[mail] timeout_seconds: {settings.timeout_seconds} is no time; use 60")
    if not 0 <= settings.port <= 65535:
        raise ConfigError(f"[mail] port: there is no port {settings.port}")
    if settings.user and settings.security == "none" and settings.host not in HERE:
        raise ConfigError("[mail] security: without encryption there is no login, since the password could be read")
    if settings.user and not settings.password:
        raise ConfigError(f"[mail] password: there is none for the user {settings.user}")
    return MailRelay(
        settings.host,
        settings.port or PORTS[settings.security],
        settings.security,
        None if settings.security == "none" else _trust(settings.authorities),
        settings.user,
        secret(settings.password, environment, key="[mail] password"),
        _checked("sender", settings.sender),
        _operators(settings.operators),
        settings.timeout_seconds,
    )


def _trust(authorities: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authorities or None)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(f"[mail] authorities: {authorities} cannot be used: {error}") from error


def _checked(key: str, text: str) -> NamedAddress:
    try:
        return addresses.named(text)
    except BadAddress as error:
        raise ConfigError(f"[mail] {key}: {error}") from error


def _operators(text: str) -> tuple[str, ...]:
    try:
        return addresses.addresses(text)
    except BadAddress as error:
        raise ConfigError(f"[mail] operators: {error}") from error
