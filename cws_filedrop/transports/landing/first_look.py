"""What the first rows of an upload show, in words for its client while it is still connected.

The receipt says the same and more; this is for people who watch their client's window, and for scripts that check its
exit code. Knows nothing of protocols.
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
    """Why a seller's file at `path` cannot be used; "" when its beginning is good, or cannot be read."""
    try:
        with path.open("rb") as source:
            issues = opening.faults(source, limits)
            if issues and (profiles := profiles_of(seller)):  # looked up only for a file that is not understood without
                issues = opening.faults(source, limits, profiles)
    except Exception:  # whatever it is: the upload must not fail for it, and the worker will read the whole file
        _LOG.error("upload.not_looked_at", name=path.name, exc_info=True)
        return ""
    messages = list(dict.fromkeys(issue.message for issue in issues))
    if len(messages) > _MOST_FAULTS:
        messages[_MOST_FAULTS - 1 :] = [f"And {len(messages) - _MOST_FAULTS + 1} faults more."]
    return " ".join((*messages, issues[0].remedy)) if issues else ""
