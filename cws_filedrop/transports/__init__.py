"""The ways a file comes in: FTP with or without TLS, SFTP, and files that others put into an inbox on disk."""
