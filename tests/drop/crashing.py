"""Runs one scenario again and again, killing itself (SIGKILL) before the first disk operation, the second, and so on.

After each kill the service starts anew, and what it finds must be right. Run as a program with a scenario and a folder;
exit 0 when every step was survived.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from cws_filedrop.drop import disk
from cws_filedrop.drop.claims import Cause, Drop
from cws_filedrop.drop.collecting import StillWritten
from cws_filedrop.drop.home import Folder, Homes, UploadStage, deliver
from cws_filedrop.drop.intake import Intake
from cws_filedrop.drop.spool import Spool
from cws_filedrop.model import Door, Grade

CONTENT = b"order-id\n" * 10
DROP = Drop("acme", Folder.INBOX, "shipped.txt", Door.FTP, "192.0.2.7")
WORKING = replace(DROP, name="shipped.txt.part")
STEPS = (
    "sync_file",
    "sync_path",
    "sync_directory",
    "make_directory",
    "write",
    "write_soon",
    "move",
    "move_new",
    "copy_bytes",
    "remove",
    "remove_directory",
)
Say = Callable[[str], None]


def opened(data: Path) -> Intake:
    return Intake(Homes(data / "homes"), Spool(data / "spool"), upload_limit_bytes=1000)


def upload(intake: Intake, drop: Drop = DROP) -> Any:
    one = intake.begin(drop)
    one.write(CONTENT)
    return one


# What is done until the kill. `say` tells the parent how far it came: "begun" when the seller has bytes here, "safe"
# when the client was told that its file has arrived.


def whole(intake: Intake, say: Say) -> None:
    one = upload(intake)
    say("begun")
    claim = one.finish()
    say("safe")
    intake.grade(claim, Grade.WHOLE, "seen")


def renamed(intake: Intake, say: Say) -> None:
    one = upload(intake, WORKING)
    one.finish()
    say("held")
    claim = intake.rename(WORKING, DROP.name)
    assert claim is not None
    say("safe")
    intake.grade(claim, Grade.WHOLE, "seen")


def cut(intake: Intake, say: Say) -> None:
    one = upload(intake)
    say("begun")
    one.cut(Cause.RESET, "it broke")


def taken_back(intake: Intake, say: Say) -> None:
    one = upload(intake)
    say("begun")
    claim = one.finish()
    intake.take_back(claim, cause=Cause.ABORTED, evidence="aborted")


def resumed(intake: Intake, say: Say) -> None:
    one = upload(intake)
    say("begun")
    one.cut(Cause.RESET, "it broke")
    say("cut")
    again = intake.begin(DROP, offset=len(CONTENT))
    again.write(b"more")
    claim = again.finish()
    say("safe")
    intake.grade(claim, Grade.WHOLE, "seen")


def collected(intake: Intake, say: Say) -> None:
    path = intake.homes.of("acme").folder(Folder.INBOX) / DROP.name
    path.write_bytes(CONTENT)
    say("in-inbox")
    intake.collect(path, DROP, "settled")
    say("safe")


def linked(intake: Intake, say: Say) -> None:
    path = intake.homes.of("acme").folder(Folder.INBOX) / DROP.name
    path.write_bytes(CONTENT)
    os.link(path, intake.spool.root / "linked")
    say("in-inbox")
    intake.collect(path, replace(DROP, door=Door.FOLDER), "settled")
    say("safe")


def given_back(intake: Intake, say: Say) -> None:
    path = intake.homes.of("acme").folder(Folder.INBOX) / DROP.name
    path.write_bytes(CONTENT)
    say("in-inbox")
    with path.open("ab"), contextlib.suppress(StillWritten):
        intake.collect(path, replace(DROP, door=Door.FOLDER), "settled")


def replaced(intake: Intake, say: Say) -> None:
    upload(intake, WORKING).finish()
    say("told")
    arm_later()
    again = intake.begin(WORKING)
    again.write(b"other")
    again.finish()
    say("again")


def recovered(intake: Intake, say: Say) -> None:
    claim = upload(intake, replace(DROP, name="landed.txt")).finish()
    upload(intake)
    intake.spool.open_cut(replace(DROP, name="reported.txt"), size=1, cause=Cause.RESET, evidence="", kept=True)
    say("begun")
    assert claim is not None
    arm_later()
    opened(intake.spool.root.parent).recover()


def accepted(intake: Intake, say: Say) -> None:
    one = upload(intake)
    claim = one.finish()
    intake.grade(claim, Grade.WHOLE, "seen")
    say("safe")
    arm_later()
    intake.spool.accept(next(iter(intake.spool.arrivals())))


def delivered(intake: Intake, say: Say) -> None:
    target = intake.homes.of("acme").path / "outbox" / "a.txt"
    deliver(target, [b"old"])
    say("delivered")
    deliver(target, [b"new", b"er"])


# What must be true after the next start, given how far it came.


def reports(intake: Intake) -> list[tuple[str, Grade, bytes | None]]:
    """Name, grade and bytes of everything the worker would see."""
    for arrival in list(intake.spool.arrivals()):
        intake.spool.accept(arrival)
    found = []
    for upload_id in intake.spool.accepted():
        claim = intake.spool.claim_of(upload_id)
        assert claim.grade is not None
        data = intake.spool.path(upload_id) / "data"
        found.append((claim.name, claim.grade, data.read_bytes() if data.exists() else None))
    return found


def cut_bytes(intake: Intake, drop: Drop = DROP) -> bytes | None:
    found = intake.homes.of("acme").find(drop.folder, drop.name)
    assert found is None or found.stage is not UploadStage.PART
    return None if found is None else found.path.read_bytes()


def check_upload(intake: Intake, said: list[str]) -> None:
    found = reports(intake)
    if not found:
        assert said == []
        return
    ((name, grade, data),) = found
    assert name == DROP.name
    kept = cut_bytes(intake)
    if "safe" in said:
        assert grade is not Grade.CUT
    if grade is Grade.CUT:
        assert data is None
        assert kept is not None
        assert CONTENT.startswith(kept)
        assert kept == CONTENT or "begun" not in said
    else:
        assert (data, kept) == (CONTENT, None)


def check_cut(intake: Intake, said: list[str]) -> None:
    check_upload(intake, said)
    if said:
        ((_, grade, _),) = reports(intake)
        assert grade in (Grade.CUT, Grade.DOUBTFUL)  # doubtful: killed before it was known that it was aborted


def check_renamed(intake: Intake, said: list[str]) -> None:
    found = reports(intake)
    if "safe" in said:
        ((name, grade, data),) = found
        assert (name, data) == (DROP.name, CONTENT)
        assert grade is not Grade.CUT
    elif "held" in said and not found:
        assert cut_bytes(intake, WORKING) == CONTENT
    elif "held" in said:
        assert found == [(DROP.name, Grade.DOUBTFUL, CONTENT)]
        assert cut_bytes(intake, WORKING) is None
    elif found:
        assert [(name, grade) for name, grade, _ in found] == [(WORKING.name, Grade.CUT)]
        assert (cut_bytes(intake, WORKING) or b"") == CONTENT[: len(cut_bytes(intake, WORKING) or b"")]


def check_resumed(intake: Intake, said: list[str]) -> None:
    found = reports(intake)
    first = [one for one in found if one[1] is Grade.CUT]
    landed = [one for one in found if one[1] is not Grade.CUT]
    if "safe" in said:
        assert (len(first), [data for _, _, data in landed]) == (1, [CONTENT + b"more"])
    elif "cut" in said and not landed:
        assert (cut_bytes(intake) or b"").startswith(CONTENT)
    elif "begun" in said:
        assert len(first) == 1
        assert landed or cut_bytes(intake) == CONTENT


def check_collected(intake: Intake, said: list[str]) -> None:
    path = intake.homes.of("acme").folder(Folder.INBOX) / DROP.name
    found = reports(intake)
    if found:
        ((_, grade, data),) = found
        assert grade is not Grade.CUT
        assert data == CONTENT
        assert not path.exists()
    else:
        assert "safe" not in said
        assert not said or path.read_bytes() == CONTENT


def check_given_back(intake: Intake, said: list[str]) -> None:
    path = intake.homes.of("acme").folder(Folder.INBOX) / DROP.name
    assert reports(intake) == []
    assert not said or path.read_bytes() == CONTENT


def check_replaced(intake: Intake, said: list[str]) -> None:
    """The bytes that a client was told of are there still, under their name or answered for."""
    found, held = reports(intake), cut_bytes(intake, WORKING)
    kept = [data for name, grade, data in found if (name, grade) == (DROP.name, Grade.CUT)]
    if "told" in said:
        assert kept + [held] * (held == CONTENT) == [CONTENT]
    if "again" in said:
        assert (kept, held) == ([CONTENT], b"other")


def check_recovered(intake: Intake, said: list[str]) -> None:
    if said:
        found = sorted((name, grade) for name, grade, _ in reports(intake))
        assert found == [("landed.txt", Grade.DOUBTFUL), ("reported.txt", Grade.CUT), ("shipped.txt", Grade.CUT)]
        assert cut_bytes(intake) == CONTENT


def check_delivered(intake: Intake, said: list[str]) -> None:
    if said:
        assert (intake.homes.of("acme").path / "outbox" / "a.txt").read_bytes() in (b"old", b"newer")


SCENARIOS: dict[str, tuple[Callable[[Intake, Say], None], Callable[[Intake, list[str]], None]]] = {
    "whole": (whole, check_upload),
    "renamed": (renamed, check_renamed),
    "cut": (cut, check_cut),
    "taken-back": (taken_back, check_cut),
    "resumed": (resumed, check_resumed),
    "collected": (collected, check_collected),
    "linked": (linked, check_collected),
    "given_back": (given_back, check_given_back),
    "replaced": (replaced, check_replaced),
    "recovered": (recovered, check_recovered),
    "accepted": (accepted, check_upload),
    "delivered": (delivered, check_delivered),
}

_left = itertools.count()
_fatal = -1
_armed_late = 0


def arm_later() -> None:
    """Count steps from here: what came before is the setting of the scene."""
    global _left
    _left = itertools.count()


def arm(fatal: int) -> None:
    global _fatal
    _fatal = fatal

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if next(_left) == _fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*args, **kwargs)

        return call

    for name in STEPS:
        setattr(disk, name, counted(getattr(disk, name)))


def run(scenario: str, data: Path, fatal: int) -> tuple[bool, list[str]]:
    """Was it killed, and what had it said?"""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        arm(fatal)
        SCENARIOS[scenario][0](opened(data), lambda word: (os.write(writing, f"{word}\n".encode()), None)[1])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        words = said.read().split()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status), words


def main(scenario: str, folder: Path) -> int:
    """The number of steps that were survived."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    for step in itertools.count():
        data = folder / str(step)
        killed, said = run(scenario, data, step)
        intake = opened(data)
        intake.recover()
        intake.close()
        try:
            SCENARIOS[scenario][1](intake, said)
        except AssertionError:
            print(f"killed before step {step} of {scenario}, after it said {said}")
            raise
        if not killed:
            return step
    raise AssertionError


if __name__ == "__main__":
    print(main(sys.argv[1], Path(sys.argv[2])))
