"""The names that programs use while they write a file, and the litter of desktops: data (docs/domain.md#2-home).

Compared without regard to case. An installation adds its own by a setting (`working_names` in `[folder]`).
"""

from __future__ import annotations

import re
from typing import Final

# ending: whose
ENDINGS: Final = {
    ".part": "FileZilla, lftp, Firefox, KDE",
    ".filepart": "WinSCP",
    ".tmp": "many",
    ".temp": "many",
    ".partial": "rclone, Internet Explorer",
    ".crdownload": "Chrome",
    ".download": "Safari",
    ".writing": "many scripts",
    ".uploading": "many scripts",
    ".upload": "many scripts",
    ".inprogress": "many scripts",
    ".ffs_tmp": "FreeFileSync",
    ".!sync": "Resilio Sync",
    ".swp": "vim",
    ".swx": "vim",
    "~": "backups of Emacs, vim, gedit",
}
# beginning: whose
BEGINNINGS: Final = {
    ".": "hidden files: .in.* of ProFTPD, .~lock* of LibreOffice, rsync's",
    "~$": "Microsoft Office",
}
# whole name, as a pattern: whose
FORMS: Final = {
    re.compile(r"#.+#"): "Emacs",
    re.compile(r"4913"): "vim, which tries with it whether it may write",
    re.compile(r"sed[a-z0-9]{6}"): "sed -i",
}
# what desktops leave in every folder: never taken, and nobody has to hear of it
LITTER: Final = frozenset({"thumbs.db", "desktop.ini", ".ds_store", ".directory", ".localized"})
LITTER_BEGINNINGS: Final = ("._", ".fuse_hidden", ".nfs", ".taking-", ".probe-", ".delivering-")
