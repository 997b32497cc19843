"""Letters and the SMTP server they go to, calls of web hooks and the addresses they may go to. Knows no database, and
nothing of when anything is due.
"""
