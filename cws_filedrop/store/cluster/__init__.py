"""Several workers on one PostgreSQL: which of them live, what one of them does for all, and who is kept out."""
