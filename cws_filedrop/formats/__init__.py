"""What a seller drops -> lines of text cells. Forgiving where nothing can be lost, strict where something could.

Knows bytes, encodings, separators and headings; may not know what a cell means, nor disk, clock or network: the
source is any seekable binary file. A layout is one module and one line in `claims.FORMATS`.
"""

from __future__ import annotations

from cws_filedrop.formats.claims import FORMATS
from cws_filedrop.formats.file import Chunk, FileFacts, SellerFile, open_file
from cws_filedrop.formats.layout import Format

__all__ = ["FORMATS", "Chunk", "FileFacts", "Format", "SellerFile", "open_file"]
