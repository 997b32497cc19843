"""Rows of the order book."""
