"""Our rows in the database: a module for each kind, rows in and out, every change one transaction."""
