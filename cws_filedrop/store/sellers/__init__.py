"""Rows of sellers and what belongs to them."""
