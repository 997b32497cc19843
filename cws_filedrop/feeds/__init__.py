"""Shipments to the documents Amazon reads, and Amazon's answers back to verdicts. Pure: bytes and tables, no wire."""
