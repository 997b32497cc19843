"""The files a seller reads: values in, text or bytes out. Knows no disk, no clock, no database.

Tables are tab-delimited UTF-8 with CRLF and a heading row. No buyer's name or address is ever in them.
"""
