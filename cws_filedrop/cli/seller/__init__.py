"""`cws-filedrop seller …`: sellers and what belongs to them."""
