"""What became of an upload, in a few words and a tone: the same in STATUS, on pages, in the API and on the terminal.

A state says how far an upload is; a seller wants to know how it ended (docs/domain.md#5-verdicts).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from cws_filedrop.model import UploadState, Verdict

UNREAD: Final = {
    UploadState.ARRIVED: ("waits to be read", "plain"),
    UploadState.HELD: ("held", "odd"),
    UploadState.CUT: ("cut off, nothing sent", "bad"),
    UploadState.FAILED: ("not read yet: our fault", "bad"),
    UploadState.REJECTED: ("file rejected, nothing sent", "bad"),
    UploadState.REPLACED: ("set aside, replaced since", "plain"),
}
ON_ITS_WAY: Final = (Verdict.QUEUED, Verdict.SENT, Verdict.HELD)
BAD: Final = {Verdict.UNCONFIRMED: "not confirmed", Verdict.UNKNOWN: "unknown", Verdict.REJECTED: "rejected"}
ACCEPTED: Final = (Verdict.CONFIRMED, Verdict.CONFIRMED_WARNING)


class UploadWords(NamedTuple):
    """How an upload ended, or what it waits for. `tone` is good, bad, odd or plain."""

    words: str
    tone: str


def of_upload(state: UploadState, verdicts: Mapping[str, int], *, rehearsal: bool = False) -> UploadWords:
    """The words for an upload; `verdicts` are its lines by verdict as they are now.

    Any trouble is named first and counted ("1 of 2 rejected"); "all confirmed" is said when every line is.
    """
    if state in UNREAD:
        return UploadWords(*UNREAD[state])
    total = sum(verdicts.values())
    if rehearsal and state is UploadState.DONE:
        return _rehearsed(verdicts, total)
    troubles = [_of(verdicts[verdict], total, words) for verdict, words in BAD.items() if verdicts.get(verdict)]
    under_way = sum(verdicts.get(verdict, 0) for verdict in ON_ITS_WAY)
    if state is UploadState.WAITING or under_way:
        waits = _of(under_way, total, "waits on Amazon" if under_way == 1 else "wait on Amazon") if under_way else ""
        words = ", ".join(filter(None, [*troubles, waits])) or "waits on Amazon"
        return UploadWords(words, "bad" if troubles else "plain")
    if troubles:
        return UploadWords(", ".join(troubles) + _nothing_sent(verdicts, total), "bad")
    return _good(verdicts, total)


def by_verdict(counts: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """Lines by verdict, of lines by (verdict, code)."""
    added: Counter[str] = Counter()
    for (verdict, _), number in counts.items():
        added[verdict] += number
    return dict(added)


def _good(verdicts: Mapping[str, int], total: int) -> UploadWords:
    accepted = sum(verdicts.get(verdict, 0) for verdict in ACCEPTED)
    warned = verdicts.get(Verdict.CONFIRMED_WARNING, 0)
    if not total:
        return UploadWords("done", "plain")
    if accepted == total:
        doubts = f", {warned:,} with a warning" if warned else ""
        return UploadWords(f"all confirmed{doubts}", "odd" if warned else "good")
    rest = {name: number for name, number in verdicts.items() if number and name not in ACCEPTED}
    words = [f"{accepted:,} confirmed"] if accepted else []
    if not accepted and len(rest) == 1:
        return UploadWords(f"all {next(iter(rest))}", "odd" if Verdict.DUPLICATE in rest else "good")
    return UploadWords(", ".join([*words, *(f"{number:,} {name}" for name, number in rest.items())]), "good")


def _rehearsed(verdicts: Mapping[str, int], total: int) -> UploadWords:
    if not (rejected := verdicts.get(Verdict.REJECTED, 0)):
        return UploadWords("rehearsed, all good", "good")
    return UploadWords(f"rehearsed, {_of(rejected, total, BAD[Verdict.REJECTED])}", "bad")


def _nothing_sent(verdicts: Mapping[str, int], total: int) -> str:
    return ", nothing sent" if verdicts.get(Verdict.REJECTED, 0) == total else ""


def _of(number: int, total: int, words: str) -> str:
    return f"{number:,} of {total:,} {words}" if total > 1 else words
