"""The pages for operators and sellers, and the API: a process of its own that shares the database, homes and spool."""
