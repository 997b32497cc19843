"""The SFTP door: listens, gives each client threads of its own, and stops in an orderly way.

Knows nothing of where sellers, passwords and keys are kept, and nothing of what is in a file.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Final

import paramiko

from cws_filedrop import log
from cws_filedrop.door_settings import SftpSettings
from cws_filedrop.drop.intake import Intake
from cws_filedrop.errors import ConfigError
from cws_filedrop.gate.balancers import HEADER_SECONDS, Announcement, Balancers
from cws_filedrop.gate.logins import CHANGED, NOBODY, SHUT, Logins
from cws_filedrop.gate.not_logged_in import NotLoggedIn, Waiting
from cws_filedrop.gate.proxy_protocol import BadHeader
from cws_filedrop.gate.sources import source_of
from cws_filedrop.periodic import Job, PeriodicTask
from cws_filedrop.transports.landing.recently_taken import RecentlyTaken
from cws_filedrop.transports.sftp.connection import AuthorizedKeys, Connection, Shared
from cws_filedrop.transports.sftp.handles import LEFT_OUT, SILENT
from cws_filedrop.transports.sftp.host_keys import host_keys as load_host_keys
from cws_filedrop.transports.sftp.tuning import SshTransport, quiet_library

__all__ = ["AuthorizedKeys", "SftpDoor"]

_LOG = log.get(__name__)
_BACKLOG: Final = 256
_RECHECK_SECONDS: Final = 1.0
_FULL_SECONDS: Final = 0.5
_LAST_WORDS_SECONDS: Final = 10.0
_STOPPING: Final = "The service is stopping; come back in a minute."
_IDLE: Final = "Nothing was asked for too long; log in again when you need it."
_REMEDIES: Final = {
    errno.EADDRINUSE: "another program has that port: stop it, or set another port",
    errno.EACCES: "ports below 1024 need rights: give them, or set port = 2222",
    errno.EADDRNOTAVAIL: "this machine has no such address: set host to one of its own, or to 0.0.0.0",
}


class SftpDoor:
    """Serves sellers by SFTP. `logins` and `keys` are asked by threads of this door.

    `host_keys` is a directory. Raises: ConfigError for settings that cannot be used.
    """

    failure_delay_seconds: float = 1.0  # before a wrong password is answered
    header_seconds: float = HEADER_SECONDS  # for a balancer to say whose connection it is

    def __init__(
        self,
        settings: SftpSettings,
        intake: Intake,
        logins: Logins,
        *,
        keys: AuthorizedKeys,
        host_keys: Path,
    ) -> None:
        self.settings = settings
        self._intake = intake
        self._logins = logins
        self._recently_taken = RecentlyTaken(settings.courtesy_seconds)
        self._authorized = keys
        self._key_directory = host_keys
        self._host_keys: list[paramiko.PKey] = []
        self._socket: socket.socket | None = None
        self._address = ("", 0)
        self._accepting: threading.Thread | None = None
        self._watching: PeriodicTask | None = None
        self._changed = threading.Condition()
        self._connections: set[Connection] = set()
        self._balancers = Balancers(settings.proxy_networks, "[sftp] proxy_networks")
        self._unannounced: set[socket.socket] = set()
        # Held while a connection is admitted, by the accepting thread or one that waited for a header: limits are
        # checked and counted in one go, and `stop` finds either no connection or a whole one. `_changed` may be taken
        # inside it, never the other way round.
        self._coming_in = threading.Lock()
        per_address = settings.max_strangers_per_address
        most = max(1, settings.max_connections // 2)
        self._not_logged_in = NotLoggedIn(per_address=per_address, most=most, knows=logins.knows)
        self._is_draining = False

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it listens on. Only after `start`."""
        if self._socket is None:
            raise RuntimeError("the SFTP door is not open")
        return self._address

    # The life of the door.

    def start(self) -> None:
        """Listen, and serve from threads of its own. Raises: ConfigError when it cannot, or has no host keys."""
        quiet_library()
        self._host_keys = load_host_keys(self._key_directory)
        self._socket = _listen(self.settings.host, self.settings.port)
        host, port = self._socket.getsockname()[:2]
        self._address = (str(host), int(port))
        accept_all = partial(self._accept_all, self._socket)
        self._accepting = threading.Thread(target=accept_all, name="sftp-accept", daemon=True)
        self._watching = self._watcher()
        self._accepting.start()
        self._watching.start()
        _LOG.info("sftp.opened", host=self._address[0], port=self._address[1])

    # In this order: nobody new, then those that wait for their header, then those that are in. Whoever is admitted
    # after the first step finds the door draining.
    def stop(self, drain_seconds: float = 10.0) -> None:
        """Stop listening, let transfers in hand end, say good-bye to the rest. Harmless when repeated."""
        if self._socket is None or self._accepting is None or self._watching is None:
            return
        with self._changed:
            self._is_draining = True
            self._changed.notify_all()
        _close_listener(self._socket)
        self._accepting.join()
        self._watching.stop()
        self._accepting = self._watching = None
        self._send_unannounced_away()
        self._drain(time.monotonic() + drain_seconds)
        _LOG.info("sftp.closed")

    def _drain(self, until: float) -> None:
        while (left := self._snapshot()) and time.monotonic() < until:
            for connection in left:
                if not connection.is_busy:
                    connection.end(_STOPPING)
            with self._changed:
                self._changed.wait_for(self._has_idle, max(0.0, until - time.monotonic()))
        for connection in (late := self._snapshot()):
            connection.end(_STOPPING)
        last = time.monotonic() + _LAST_WORDS_SECONDS
        for connection in late:
            connection.join(max(0.0, last - time.monotonic()))

    # One that was asked to end is on its way out.
    def _has_idle(self) -> bool:
        return not self._connections or any(not (known.is_over or known.is_busy) for known in self._connections)

    def _snapshot(self) -> list[Connection]:
        with self._changed:
            return list(self._connections)

    # Who comes and goes.

    def _accept_all(self, listener: socket.socket) -> None:
        while not self._is_draining:
            try:
                client, address = listener.accept()
            except OSError as error:
                self._wait_for_room(error)
            else:
                self._meet(client, str(address[0]))

    def _wait_for_room(self, error: OSError) -> None:
        with self._changed:
            if not self._is_draining:  # no file handles left: look again in a while instead of at once and for ever
                _LOG.error("sftp.accept_failed", error=str(error))
                self._changed.wait(_FULL_SECONDS)

    def _meet(self, client: socket.socket, address: str) -> None:
        if not self._balancers.has(address):
            self._receive(client, address)
        elif len(self._unannounced) < self.settings.max_connections:
            self._unannounced.add(client)
            self._in_background(lambda: self._announce(client, address), client)
        else:
            _LOG.warning("sftp.announcement_refused", address=address, why="too many wait")
            client.close()

    def _in_background(self, work: Callable[[], None], client: socket.socket) -> None:
        try:
            threading.Thread(target=work, name="sftp-announced", daemon=True).start()
        except RuntimeError:  # no threads left: go on listening
            _LOG.warning("sftp.connection_failed", exc_info=True)
            self._unannounced.discard(client)
            client.close()

    def _announce(self, client: socket.socket, address: str) -> None:
        """Wait for the balancer's header, which says whose connection it is."""
        try:
            header = Announcement(client).wait(self.header_seconds)
        except (BadHeader, OSError) as error:
            _LOG.warning("sftp.announcement_refused", address=address, why=str(error))
            client.close()
        else:
            self._receive(client, header.source or address)
        finally:
            self._unannounced.discard(client)

    def _send_unannounced_away(self) -> None:
        with self._coming_in:  # whoever is being admitted is in by now, and nobody is from here on
            for client in self._unannounced.copy():
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for its header

    def _receive(self, client: socket.socket, address: str) -> None:
        try:
            with self._coming_in:
                if not self._is_draining and self._may_come(address):
                    self._begin(client, address)
                    return
            _LOG.warning("sftp.turned_away", address=address)
        except Exception:  # gone again, or no threads left: go on listening
            _LOG.warning("sftp.connection_failed", address=address, exc_info=True)
        client.close()

    def _may_come(self, address: str) -> bool:
        """Is there room for another connection of that address, and for another that has not logged in?"""
        here, source = self._snapshot(), source_of(address)
        of_source = sum(source_of(connection.address) == source for connection in here)
        settings = self.settings
        return (
            len(here) < settings.max_connections
            and of_source < settings.max_connections_per_address
            and self._find_place(address, here)
        )

    def _find_place(self, address: str, here: Collection[Connection]) -> bool:
        """Make room for another that has not logged in; whether there is any."""
        waiting = [
            Waiting(connection, source_of(connection.address), connection.began_at)
            for connection in here
            if not (connection.has_logged_in or connection.is_over)
        ]
        is_banned = bool(self._logins.banned(address))
        find = self._not_logged_in.place_to_show_a_key if is_banned else self._not_logged_in.place
        place = find(address, waiting)
        if place is not None and place.instead_of is not None:
            _LOG.info("sftp.made_room", address=place.instead_of.address)
            place.instead_of.end()
        return place is not None

    def _begin(self, client: socket.socket, address: str) -> None:
        _set_options(client)
        transport = SshTransport(client, self._host_keys)
        shared = Shared(
            intake=self._intake,
            recently_taken=self._recently_taken,
            logins=self._logins,
            keys=self._authorized,
            failure_delay_seconds=self.failure_delay_seconds,
            changed=self._notice,
        )
        connection = Connection(transport, address, shared)
        transport.on_end = lambda: self._forget(connection)
        transport.on_incompatible = connection.peer_is_incompatible
        with self._changed:
            self._connections.add(connection)
        try:
            transport.start_server(event=threading.Event(), server=connection)
        except BaseException:
            self._forget(connection)
            raise

    def _forget(self, connection: Connection) -> None:
        connection.join_sessions(_LAST_WORDS_SECONDS)
        connection.left()
        if not connection.has_logged_in:
            self._not_logged_in.left(connection.address)
        with self._changed:
            self._connections.discard(connection)
            self._changed.notify_all()

    def _notice(self) -> None:
        if self._is_draining:
            with self._changed:
                self._changed.notify_all()

    # Connections that have been silent for too long, or are not allowed any more.

    def _watcher(self) -> PeriodicTask:
        settings = self.settings
        pause = min(_RECHECK_SECONDS, settings.login_timeout_seconds / 2, settings.idle_timeout_seconds / 2)
        return PeriodicTask(
            "sftp-watch",
            Job(self._send_away, pause, pause),
            failed=lambda _: _LOG.error("sftp.watch_failed", exc_info=True),
        )

    def _send_away(self) -> None:
        here = self._snapshot()
        logins = {connection.login for connection in here if connection.login}
        over = self._logins.over(logins) if logins else NOBODY
        now = time.monotonic()
        for connection in here:
            silent_seconds = now - connection.last_active_at
            if connection.login is None and now - connection.began_at > self.settings.login_timeout_seconds:
                connection.end()
            elif silent_seconds > self.settings.idle_timeout_seconds and not connection.is_at_work:
                connection.end(_IDLE, why=SILENT)
            elif connection.login in over.shut:
                connection.end(SHUT, why=LEFT_OUT)
            elif connection.login in over.changed and not connection.is_busy:
                connection.end(CHANGED)


def _listen(host: str, port: int) -> socket.socket:
    try:
        addresses = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = addresses[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        remedy = _REMEDIES.get(getattr(error, "errno", None) or 0, str(error))
        raise ConfigError(f"sftp: cannot listen on {host}:{port}: {remedy}") from error


def _close_listener(listener: socket.socket) -> None:
    try:
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for clients
    except OSError:
        return
    finally:
        listener.close()


def _set_options(client: socket.socket) -> None:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            client.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
