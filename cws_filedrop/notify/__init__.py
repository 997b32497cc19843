"""Mails and the SMTP server they are handed to, calls of web hooks and the addresses these may go to.

Knows no database, and nothing of when anything is due.
"""
