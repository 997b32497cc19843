"""Tells systemd how the service is: ready, stopping, alive (sd_notify(3)). Without systemd nothing happens.

Only the worker speaks to it: its children do not get the address of the socket.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import Final

SOCKET: Final = "NOTIFY_SOCKET"
WATCHDOG: Final = "WATCHDOG_USEC"


def say(state: str) -> None:
    """Send a state such as "READY=1"; a supervisor that does not listen is no reason not to work."""
    place = os.environ.get(SOCKET, "")
    if not place:
        return
    address = f"\0{place[1:]}" if place.startswith("@") else place
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as speaking:
        speaking.sendto(state.encode(), address)


def alive_seconds() -> float | None:
    """How often systemd wants to hear that we are alive, twice as often as it must; None = never."""
    within = os.environ.get(WATCHDOG, "")
    return int(within) / 2_000_000 if within.isdigit() and int(within) else None
