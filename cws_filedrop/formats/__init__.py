"""What a seller drops -> lines of text cells. Forgiving where nothing can be lost, strict where something could.

Knows bytes, encodings, separators and headings; may not know what a cell means, nor disk, clock or network: the
source is any seekable binary file. A layout is one module and one line in `claims.FORMATS`. `file` reads a whole
file, `opening` only its first rows. This file imports nothing, so that `opening` can be loaded without pandas.
"""
