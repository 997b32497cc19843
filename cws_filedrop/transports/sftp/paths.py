"""The SFTP requests that name a path: what is there, and what a client may do with it besides reading and writing."""

from __future__ import annotations

import posixpath
from typing import Final, Protocol

import paramiko
from paramiko import sftp
from paramiko.sftp_attr import SFTPAttributes

from cws_filedrop.drop.intake import Intake
from cws_filedrop.model import Grade
from cws_filedrop.transports.landing.grading import RENAMED
from cws_filedrop.transports.landing.seller_files import CommandRefused
from cws_filedrop.transports.sftp.answers import MISSING, Answer, StatusReply, attributes, names, path_in, shown, status
from cws_filedrop.transports.sftp.files import SftpFiles
from cws_filedrop.transports.sftp.handles import say_fault

_NO_LINKS: Final = "There are no links here, and none can be made"


class Keeper(Protocol):
    """What these requests need of the connection."""

    intake: Intake


class PathRequests:
    """The half of a session that handles them; each method returns its answer. Raises: StatusReply, CommandRefused."""

    _files: SftpFiles
    _keeper: Keeper

    def _done(self, number: int) -> Answer:
        return status(number, sftp.SFTP_OK, "Done.")

    def _refuse_links(self, number: int, message: paramiko.Message) -> Answer:
        raise StatusReply(sftp.SFTP_PERMISSION_DENIED, f"{_NO_LINKS}.")

    def _must_exist(self, path: str) -> None:
        if not self._files.lexists(path):
            raise StatusReply(sftp.SFTP_NO_SUCH_FILE, MISSING)

    def _stat(self, number: int, message: paramiko.Message) -> Answer:
        path = path_in(message)
        self._must_exist(path)
        return attributes(number, shown(self._files.lstat(path), posixpath.basename(path)))

    def _set_stat(self, number: int, message: paramiko.Message) -> Answer:
        return self._done(number)  # most clients set times and permissions after an upload, and fail if they may not

    def _entry(self, folder: str, name: str) -> SFTPAttributes | None:
        try:
            return shown(self._files.lstat(posixpath.join(folder, name)), name)
        except CommandRefused:  # gone since it was listed
            return None

    def _real_path(self, number: int, message: paramiko.Message) -> Answer:
        entry = SFTPAttributes()
        entry.filename = path_in(message)
        return names(number, [entry])

    def _remove(self, number: int, message: paramiko.Message) -> Answer:
        path = path_in(message)
        self._must_exist(path)
        words = self._files.remove(path)
        return status(number, sftp.SFTP_OK, f"{words}." if words else "Done.")

    def _rename(self, number: int, message: paramiko.Message) -> Answer:
        source, target = path_in(message), path_in(message)
        self._must_exist(source)
        claim = self._files.rename(source, target)
        if claim is not None:
            self._keeper.intake.grade(claim, Grade.WHOLE, RENAMED)
            self._files.took(claim)
            say_fault(claim)
        return self._done(number)

    def _make_folder(self, number: int, message: paramiko.Message) -> Answer:
        self._files.mkdir(path_in(message))
        return self._done(number)

    def _remove_folder(self, number: int, message: paramiko.Message) -> Answer:
        self._files.rmdir(path_in(message))
        return self._done(number)
