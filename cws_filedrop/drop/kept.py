"""What identifies the bytes of an upload, so that a change after the claim is noticed before anybody believes them.

Values only, and the comparison of two; touches no disk.
"""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file as it was at one moment. `inode` and `mtime_ns` are 0, `sha256` is "", where they were not recorded."""

    size: int
    inode: int = 0
    mtime_ns: int = 0
    sha256: str = ""

    def why_not(self, found: os.stat_result, sha256: str = "") -> str:
        """Why a file is not this one, in words; "" when it is. Where both digests are known they alone decide: a data
        folder that was restored from a backup has other inodes.
        """
        if found.st_size != self.size:
            return f"it had {self.size:,} bytes when it was taken, and has {found.st_size:,} now"
        if self.sha256 and sha256:
            return "" if self.sha256 == sha256 else "its bytes are not those that arrived"
        if self.mtime_ns and found.st_mtime_ns != self.mtime_ns:
            return "a program wrote to it after it was taken"
        if self.inode and found.st_ino != self.inode:
            return "another file lies in its place"
        return ""


def kept(found: os.stat_result, sha256: str = "") -> KeptFile:
    """The file of which the system says this."""
    return KeptFile(found.st_size, found.st_ino, found.st_mtime_ns, sha256)
