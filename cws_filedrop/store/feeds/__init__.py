"""Rows of feeds, from queued lines to settled verdicts and read-backs."""
