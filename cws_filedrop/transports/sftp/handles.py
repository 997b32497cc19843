"""Files that an SFTP client has open: an upload that arrives, or a file that is fetched.

Decides when an upload is whole: only when the client itself closes it, without a gap, before its session ends
(docs/domain.md#8-grading). Knows nothing of SSH packets.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum
from typing import IO, Final

import paramiko

from cws_filedrop import log
from cws_filedrop.drop.claims import Cause, Claim
from cws_filedrop.drop.intake import IncomingUpload, Intake, TooLarge
from cws_filedrop.model import Grade
from cws_filedrop.transports.landing.seller_files import CommandRefused, SellerFiles

_LOG = log.get(__name__)
_MOST_EARLY_BYTES: Final = 16_777_216  # clients that write by several threads send pieces ahead of their turn

_SMALLEST_BLOCK: Final = 4096

CLOSED: Final = "the client closed the file"
FULL_BLOCK: Final = "the client closed the file after a full block, as one does whose user broke the transfer off"
LEFT: Final = (Cause.CLOSED, "the connection went away before the client had closed the file")
LEFT_OUT: Final = (Cause.CLOSED, "the seller was shut out while bytes were still to come")
SILENT: Final = (Cause.STALLED, "nothing came for too long")
_NOT_WRITTEN: Final = "It could not be written to disk here; try again later"
_TRUNCATED: Final = "the client broke the transfer off and cut the file to what had arrived"


class Begin(Enum):
    """What of an earlier upload of that name is kept."""

    ANEW = "nothing"
    AT_OFFSET = "what is before the first byte that comes"
    AT_END = "all"


class Fetched(paramiko.SFTPHandle):
    """A file that the client reads."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file

    @property
    def is_over(self) -> bool:
        """Has it been closed?"""
        return self._file.closed

    def read(self, offset: int, length: int) -> bytes:
        """Some bytes; none at the end of the file."""
        return os.pread(self._file.fileno(), min(length, 262_144), min(offset, 2**62))

    def status(self) -> os.stat_result:
        """What is known of the file."""
        return os.fstat(self._file.fileno())

    def close(self) -> None:
        self._file.close()


class Arriving(paramiko.SFTPHandle):
    """An upload while its client has it open. It ends by `land` or by `give_up`; everything after that is refused."""

    def __init__(
        self,
        open_at: Callable[[int | None], IncomingUpload],
        how: Begin,
        *,
        intake: Intake,
        files: SellerFiles,
    ):
        super().__init__()
        self._open_at = open_at
        self._how = how
        self._intake = intake
        self._files = files
        self._upload = open_at(0 if how is Begin.ANEW else None)
        self._early: dict[int, bytes] = {}
        self._early_bytes = 0
        self._is_touched = how is Begin.ANEW
        self._is_truncated = False
        self._promised = 0
        self._blocks: tuple[int, int] | None = None  # bytes of the first and of the last piece
        self._over = ""

    @property
    def is_over(self) -> bool:
        """Has it ended?"""
        return bool(self._over)

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._upload.size

    def put(self, offset: int, chunk: bytes) -> None:
        """Take some bytes. Raises: CommandRefused; the upload has then ended as cut."""
        self._must_be_open()
        if self._how is Begin.AT_END:
            offset = self.size
        elif self._how is Begin.AT_OFFSET and not self._is_touched and offset < self.size:
            self._go_back(offset)
        self._is_touched, self._is_truncated = True, False
        if offset < self.size:
            self._break_off(Cause.ABORTED, f"the client wrote at byte {offset} again, where bytes had arrived already")
        if offset > self.size:
            self._keep_early(offset, chunk)
            return
        self._append(chunk)
        while self._early and (following := self._early.pop(self.size, None)) is not None:
            self._early_bytes -= len(following)
            self._append(following)

    def _go_back(self, offset: int) -> None:
        self._upload.abandon()
        try:
            self._upload = self._open_at(offset)
        except CommandRefused as refusal:
            self._over = str(refusal)
            raise

    def _keep_early(self, offset: int, chunk: bytes) -> None:
        self._early_bytes += len(chunk) - len(self._early.get(offset, b""))
        self._early[offset] = chunk
        if self._early_bytes > _MOST_EARLY_BYTES:
            self._break_off(Cause.ABORTED, self._gap())

    def _append(self, chunk: bytes) -> None:
        try:
            self._upload.write(chunk)
        except TooLarge as error:
            self._break_off(Cause.TOO_LARGE, str(error))
        except OSError as error:
            self._break_off(Cause.DISK, f"it could not be written: {error.strerror}")
        self._blocks = (self._blocks[0] if self._blocks else len(chunk), len(chunk))

    def resize(self, size: int) -> None:
        """The client set the size: a larger one is a promise, the same one a habit of some, a smaller one an abort."""
        self._promised = size
        self._is_truncated = size < self.size

    def sync(self) -> None:
        """Return when the bytes so far are on the disk. Raises: CommandRefused."""
        self._must_be_open()
        try:
            self._upload.sync()
        except OSError as error:
            raise self._not_written(error) from error

    def land(self) -> None:
        """The client closed the file. Returns when it is safe. Raises: CommandRefused, when it did not arrive whole."""
        self._must_be_open()
        if self._early:
            self._break_off(Cause.SHORT, self._gap())
        if self._promised > self.size:
            self._break_off(Cause.SHORT, f"the client had announced {self._promised} bytes, {self.size} arrived")
        if self._is_truncated:
            self._break_off(Cause.ABORTED, _TRUNCATED)
        if not self._is_touched:
            self._over = "It is closed already"
            self._upload.abandon()
            return
        claim = self._landed()
        self._over = "It is closed already"
        if claim is None:
            self._files.holds(self._upload)
        else:
            self._hand_over(claim)
            say_fault(claim)

    def _landed(self) -> Claim | None:
        try:
            return self._upload.finish()
        except OSError as error:
            raise self._not_written(error) from error

    def _hand_over(self, claim: Claim) -> None:
        grade, evidence = (Grade.DOUBTFUL, FULL_BLOCK) if self._ends_with_block() else (Grade.WHOLE, CLOSED)
        try:
            self._intake.grade(claim, grade, evidence)
        except OSError as error:  # it is safe where it landed; the next start grades it
            _LOG.error("upload.not_graded", upload=claim.upload_id, error=repr(error))
        self._files.took(claim)

    # OpenSSH's sftp closes the file, as if all were well, when its user interrupts it. Its last piece is then as
    # long as every other; at the end of a file it is shorter, but for one file in as many as a block has bytes.
    def _ends_with_block(self) -> bool:
        if self._blocks is None or self._blocks[1] < _SMALLEST_BLOCK:
            return False
        first, last = self._blocks
        is_only_piece = last == self.size - self._upload.first_byte
        return first == last and (not is_only_piece or last % 1024 == 0)

    def give_up(self, cause: Cause, evidence: str) -> None:
        """The session ended before the client had closed the file."""
        if self._over:
            return
        self._over = evidence
        if not self._is_touched:
            self._upload.abandon()
            return
        try:
            self._upload.cut(cause, evidence)
        except OSError as error:  # the disk is full, or worse: the next start reports it
            _LOG.error("upload.cut_not_reported", seller=self._upload.drop.seller, error=repr(error))

    def close(self) -> None:
        """Called by the library for what is still open when a session has ended."""
        self.give_up(*LEFT)

    def _must_be_open(self) -> None:
        if self._over:
            raise CommandRefused(self._over, code=451)

    def _break_off(self, cause: Cause, evidence: str) -> None:
        self.give_up(cause, evidence)
        raise CommandRefused(_NOT_WRITTEN if cause is Cause.DISK else evidence[0].upper() + evidence[1:], code=451)

    def _not_written(self, error: OSError) -> CommandRefused:
        _LOG.error("upload.not_written", seller=self._upload.drop.seller, error=repr(error))
        self.give_up(Cause.DISK, "it could not be written to disk")
        return CommandRefused(_NOT_WRITTEN, code=451)

    def _gap(self) -> str:
        return f"bytes {self.size} to {min(self._early) - 1} never came"


def say_fault(claim: Claim) -> None:
    """Raises: CommandRefused for an upload that cannot be used. It is kept all the same, and a receipt says more."""
    if claim.fault:
        words = f"Received as upload {claim.upload_id}, but it cannot be used: {claim.fault.removesuffix('.')}"
        raise CommandRefused(words, code=450)
