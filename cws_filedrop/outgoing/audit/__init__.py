"""The audit trail, handed on to where it cannot be changed any more: as JSON lines to a file or to syslog."""
