"""What the first rows of an upload show, in words for its client while it still listens.

The receipt says the same and more; this is for people who look at their client's window, and for scripts that look
at its exit code. Knows nothing of protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from cws_filedrop import log
from cws_filedrop.formats import opening
from cws_filedrop.model import Limits, Profile

_LOG = log.get(__name__)
_MOST_FAULTS: Final = 3


def _none(_seller: str) -> Sequence[Profile]:
    return ()


def fault(path: Path, seller: str, *, limits: Limits, profiles_of: Callable[[str], Sequence[Profile]] = _none) -> str:
    """Why a seller's file at `path` cannot be used; "" when its beginning looks right, or cannot be looked at."""
    try:
        with path.open("rb") as source:
            found = opening.faults(source, limits)
            if found and (profiles := profiles_of(seller)):  # only who could not be understood is asked for them
                found = opening.faults(source, limits, profiles)
    except Exception:  # whatever it is, the worker will look at the whole file, and the upload must not fail for it
        _LOG.error("upload.not_looked_at", name=path.name, exc_info=True)
        return ""
    messages = list(dict.fromkeys(issue.message for issue in found))
    if len(messages) > _MOST_FAULTS:
        messages[_MOST_FAULTS - 1 :] = [f"And {len(messages) - _MOST_FAULTS + 1} faults more."]
    return " ".join((*messages, found[0].remedy)) if found else ""
