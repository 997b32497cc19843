"""A seller's home as SFTP needs it: as for FTP, and whether an upload can be resumed."""

from __future__ import annotations

import posixpath

from cws_filedrop.drop.home import Folder
from cws_filedrop.drop.names import is_usable
from cws_filedrop.transports.landing.seller_files import SellerFiles


class SftpFiles(SellerFiles):
    """The same files under the same rules."""

    lists_picked_up = False  # SFTP clients ask for the file itself

    def is_unfinished(self, path: str) -> bool:
        """Is there an upload of that name that is not delivered yet?"""
        parent, name = posixpath.split(path)
        folder = next((folder for folder in Folder if parent == f"/{folder}"), None)
        return folder is not None and is_usable(name) and self._home.find(folder, name) is not None
