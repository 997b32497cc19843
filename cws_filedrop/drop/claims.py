"""What is known of an upload before anyone has read it: the claim, kept as `claim.json` beside the bytes.

Values and their JSON only; touches no disk.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from cws_filedrop.drop.home import Folder
from cws_filedrop.drop.kept import KeptFile
from cws_filedrop.model import Door, Grade


class Cause(StrEnum):
    """Why an upload was cut."""

    NONE = ""
    RESET = "reset"  # the data connection broke
    CLOSED = "closed"  # the control connection went away while data was still to come
    ABORTED = "aborted"  # the client said ABOR, or began something else
    STALLED = "stalled"  # nothing came for too long
    SHORT = "short"  # fewer bytes than ALLO announced
    TOO_LARGE = "too-large"  # over the limit; the bytes are not kept
    UNNAMED = "unnamed"  # a working name, and the client vanished without renaming it
    REPLACED = "replaced"  # complete under a working name; another session took that name. The spool has its bytes
    RESTART = "restart"  # the service stopped in the middle of it
    DISK = "disk"  # could not be written


@dataclass(frozen=True, slots=True)
class Drop:
    """Who drops what where: known before the first byte. `client` is an address."""

    seller: str
    folder: Folder
    name: str
    door: Door
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Drop):
    """An upload that has an id.

    `size` is in bytes, `arrived_at` ISO UTC with milliseconds, `evidence` a sentence that says why the grade is what it
    is, `kept` whether the bytes of a cut upload still lie in the seller's home, to be resumed; `fault` is why it cannot
    be used, if its first rows show that already. `inode`, `mtime_ns` and `sha256` identify its bytes (`kept_file`).
    """

    upload_id: str
    size: int
    arrived_at: str
    grade: Grade | None = None
    evidence: str = ""
    cause: Cause = Cause.NONE
    kept: bool = False
    fault: str = ""
    inode: int = 0
    mtime_ns: int = 0
    sha256: str = ""

    @property
    def kept_file(self) -> KeptFile:
        """The file as it was when it was taken."""
        return KeptFile(self.size, self.inode, self.mtime_ns, self.sha256)

    def as_json(self) -> bytes:
        """The content of `claim.json`."""
        return json.dumps({"version": 1, **asdict(self)}, ensure_ascii=False, indent=1).encode() + b"\n"


def read_claim(content: bytes) -> Claim:
    """The claim that a `claim.json` holds; keys it does not know are left alone. Raises: ValueError."""
    try:
        values: dict[str, Any] = json.loads(content)
        known = {item.name: values[item.name] for item in fields(Claim) if item.name in values}
        known |= {"folder": Folder(known["folder"]), "door": Door(known["door"]), "cause": Cause(known["cause"])}
        known["grade"] = None if known["grade"] is None else Grade(known["grade"])
        return Claim(**known)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a claim: {error}") from error
