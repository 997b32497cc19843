"""Letters, and the SMTP server they go to. Knows no database, and nothing of when a letter is due."""
