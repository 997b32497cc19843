"""Backups: made while the service runs, verified, restored."""
