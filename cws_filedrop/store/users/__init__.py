"""Rows of users, their sessions and tokens, and their decisions."""
