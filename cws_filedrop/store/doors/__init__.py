"""Rows of the doors: audit trail, bans, connections."""
