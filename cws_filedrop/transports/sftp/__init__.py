"""The SFTP door, on paramiko."""
