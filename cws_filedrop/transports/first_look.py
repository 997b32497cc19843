"""What the first rows of an upload show, in words for its client while it still listens.

The receipt says the same and more; this is for people who look at their client's window, and for scripts that look
at its exit code. Knows nothing of protocols.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cws_filedrop import log
from cws_filedrop.formats import opening
from cws_filedrop.model import Limits

_LOG = log.get(__name__)
_MOST_FAULTS: Final = 3


def fault(path: Path, limits: Limits) -> str:
    """Why the file at `path` cannot be used; "" when its beginning looks right, or cannot be looked at."""
    try:
        with path.open("rb") as source:
            found = opening.faults(source, limits)
    except Exception:  # whatever it is, the worker will look at the whole file, and the upload must not fail for it
        _LOG.error("upload.not_looked_at", name=path.name, exc_info=True)
        return ""
    messages = list(dict.fromkeys(issue.message for issue in found))
    if len(messages) > _MOST_FAULTS:
        messages[_MOST_FAULTS - 1 :] = [f"And {len(messages) - _MOST_FAULTS + 1} faults more."]
    return " ".join((*messages, found[0].remedy)) if found else ""
