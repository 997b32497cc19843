"""After the last byte: what the client does next decides the grade of its upload (docs/domain.md#8-grading).

Knows no sockets and no clock: a door reports what it sees. One object per upload, used by the door's thread alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cws_filedrop.drop.claims import Cause, Claim, Drop
from cws_filedrop.drop.home import UploadStage
from cws_filedrop.drop.intake import Intake
from cws_filedrop.model import Grade

TALKED: Final = "the client went on talking after the transfer"
STAYED: Final = "the client stayed connected after the transfer"
ANNOUNCED: Final = "as many bytes arrived as the client had announced"
RENAMED: Final = "the client gave it its final name when it was complete"
VANISHED: Final = "the connection dropped right after the transfer, without a word from the client"
TOOK_BACK: Final = "the client aborted the transfer"


class Ungraded:
    """An upload between its last byte and its grade. `claim` is None while it only has a client's working name.

    `inode` is that of its bytes then: others may have that name later.
    """

    def __init__(self, intake: Intake, drop: Drop, *, size: int, claim: Claim | None, inode: int = 0) -> None:
        self._intake = intake
        self._drop = drop
        self._size = size
        self._claim = claim
        self._inode = inode
        self.unheard = 0  # commands the client sent before it could know that its upload had arrived
        self.on_doubt: Callable[[Claim], None] = lambda claim: None  # it may not be whole, or was taken back
        self.decided = False

    def heard(self, word: str) -> None:
        """The client sent a command."""
        # A client that talks after it knows of our 226 had nothing more to send. Commands that it had sent before prove
        # nothing: they may have been on their way when the client was killed.
        if self.decided:
            return
        if word == "ABOR":
            self._take_back()
        elif self.unheard:
            self.unheard -= 1
        else:
            self.whole(TALKED)

    def whole(self, evidence: str) -> None:
        """The client is known to have sent all of it."""
        if self._decide() and self._claim is not None:
            self._intake.grade(self._claim, Grade.WHOLE, evidence)

    def gone(self) -> None:
        """The control connection is closed."""
        if not self._decide():
            return
        if self._claim is not None:
            self.on_doubt(self._claim)
            self._intake.grade(self._claim, Grade.DOUBTFUL, VANISHED)
        else:
            self._cut(Cause.UNNAMED, VANISHED)

    def _take_back(self) -> None:
        if not self._decide():
            return
        if self._claim is not None:
            self.on_doubt(self._claim)
            self._intake.take_back(self._claim, cause=Cause.ABORTED, evidence=TOOK_BACK)
        else:
            self._cut(Cause.ABORTED, TOOK_BACK)

    def _decide(self) -> bool:
        first, self.decided = not self.decided, True
        return first

    # Another connection of the same client may have renamed it, or begun it anew.
    def _cut(self, cause: Cause, evidence: str) -> None:
        drop = self._drop
        unfinished = self._intake.homes.of(drop.seller).find(drop.folder, drop.name)
        live = self._intake.is_live(drop.seller, drop.folder, drop.name)
        if unfinished is None or live or (self._inode and unfinished.inode != self._inode):
            return
        if unfinished.stage is UploadStage.HELD:
            self._intake.report_cut(drop, size=self._size, cause=cause, evidence=evidence)
