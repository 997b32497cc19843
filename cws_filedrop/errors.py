"""What can go wrong, by who must act.

    FileDropError
    ├── FileRejected          the seller: the whole file is unusable; reported, no retry
    ├── RemoteError
    │   ├── RemoteUnavailable time: time-out, 5xx, throttled; back off and try again
    │   └── RemoteRefused     the operator: 4xx, revoked consent, FATAL feed
    ├── ConfigError           the operator: stops start-up, names file and key
    └── Impossible            us: an invariant broke; loud, upload set aside, service goes on

What only a caller can put right (no room, too large, not possible any more) is raised as a class of the module that
detects it, derived straight from FileDropError. A bad *line* is a verdict (`model.Issue`), never an exception.
"""

from __future__ import annotations

from typing import TypeVar

from cws_filedrop.model import Issue

Thing = TypeVar("Thing")


class FileDropError(Exception):
    """The root of everything this package raises on purpose."""


class FileRejected(FileDropError):
    """The whole file is unusable; `issues` says why, as file issues (codes F..)."""

    def __init__(self, *issues: Issue) -> None:
        super().__init__("; ".join(f"{issue.code}: {issue.message}" for issue in issues))
        self.issues = issues


class RemoteError(FileDropError):
    """A request to Amazon (or the sandbox) failed. This is about one call alone, the one that raised it.

    `ambiguous` is true when the request may have been carried out nevertheless (no answer came back).
    """

    def __init__(self, message: str, *, ambiguous: bool) -> None:
        super().__init__(message)
        self.ambiguous = ambiguous


class RemoteUnavailable(RemoteError):
    """It may work later: time-out, lost connection, 5xx, throttled."""

    def __init__(self, message: str, *, ambiguous: bool, retry_after_seconds: float | None = None) -> None:
        super().__init__(message, ambiguous=ambiguous)
        self.retry_after_seconds = retry_after_seconds


class RemoteRefused(RemoteError):
    """It will not work until a person changes something: 400, 401, 403, 404, revoked consent.

    A server that answers with 4xx has done nothing. A status below 400 (a redirection, say) is not Amazon's refusal,
    and leaves it open what was done. `consent` is true when Amazon let us have no access token: trying again does not
    help until somebody has mended that.
    """

    def __init__(self, message: str, *, status: int, consent: bool = False) -> None:
        super().__init__(message, ambiguous=status < 400)
        self.status = status
        self.consent = consent


class ConfigError(FileDropError):
    """Settings that cannot be used; the message names the file and the key."""


class TakenOver(FileDropError):
    """Another worker does this one's work, since nothing was heard of it for a while: it must change nothing more."""


class NotPossible(FileDropError):
    """A person's decision that cannot be carried out, or no longer; the text says why."""


class Impossible(FileDropError):
    """An invariant of ours broke, such as a feed that fails our own schema."""


def expected(value: Thing | None, what: str) -> Thing:
    """The value, which cannot be missing if all is well. Raises: Impossible, naming `what` is missing."""
    if value is None:
        raise Impossible(f"there is no {what}, where there must be one")
    return value
