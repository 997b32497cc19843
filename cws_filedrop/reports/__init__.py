"""The files a seller reads: values in, text or bytes out. Knows no disk, no clock, no database.

Tables are tab-delimited UTF-8 with CRLF and a heading row. Buyers' names and addresses appear in order files
(`order_file`), which sellers ship by, and nowhere else.
"""
