"""The ways a file comes in: FTP, and files that others put into an inbox on disk."""
