"""Rows of users, their sessions and tokens, and what they decided."""
