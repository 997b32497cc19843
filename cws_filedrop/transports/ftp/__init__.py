"""The FTP and FTPS door, on pyftpdlib."""
