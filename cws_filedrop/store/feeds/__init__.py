"""Rows of feeds, from queued lines to settled verdicts and what was read back."""
