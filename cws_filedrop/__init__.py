"""Charge When Ship as a file drop: shipped orders in, Amazon confirmations out, an answer for every line."""

__version__ = "0.1.0"
