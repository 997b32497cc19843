"""Rows of mails, hooks, alarms and heartbeats."""
