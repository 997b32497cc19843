"""Rows of uploads and their lines."""
