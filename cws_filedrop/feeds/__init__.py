"""Shipments -> the documents Amazon reads; Amazon's answers -> verdicts. Pure: bytes and tables, no network."""
