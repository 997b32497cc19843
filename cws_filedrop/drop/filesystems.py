"""Which file systems know who has a file open: local ones, where every program opens files through this kernel.

Elsewhere (FUSE, NFS, SMB, folders of a virtual machine's host) others open the same files behind its back; a lease is
granted there all the same. Knows nothing of files themselves.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Final

# A list of those that are known to tell: what is not on it is not believed.
LOCAL: Final = frozenset(
    [
        "bcachefs",
        "btrfs",
        "exfat",
        "ext2",
        "ext3",
        "ext4",
        "f2fs",
        "jfs",
        "msdos",
        "ntfs3",
        "overlay",
        "ramfs",
        "reiserfs",
        "tmpfs",
        "vfat",
        "xfs",
        "zfs",
    ]
)
UNKNOWN: Final = "unknown"


def kind_of(descriptor: int) -> str:
    """The type of the file system that an open file is on, such as `ext4` or `fuse.sshfs`; `unknown` without /proc."""
    try:
        facts = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="utf-8")
        number = next(line.split()[1] for line in facts.splitlines() if line.startswith("mnt_id:"))
        return _kind(number, os.fstat(descriptor).st_dev)
    except (OSError, StopIteration):
        return UNKNOWN


def kind_at(path: Path) -> str:
    """The same of a file or folder by its name."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return UNKNOWN
    try:
        return kind_of(descriptor)
    finally:
        os.close(descriptor)


def tells_of_open_files(descriptor: int) -> bool:
    """Does the file system of an open file know of every program that opens it?"""
    return kind_of(descriptor) in LOCAL


# The device beside the number of the mount, since a number is given again after its mount has gone.
@lru_cache(maxsize=256)
def _kind(mount: str, _device: int) -> str:
    # proc(5): number, parent, device, root, mount point, options, optional fields, "-", type, source, more options
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
        found = [line for line in mounts if line.split(" ", 1)[0] == mount]
    return found[0].partition(" - ")[2].split(" ", 1)[0] if found else UNKNOWN
