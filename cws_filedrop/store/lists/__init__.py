"""Read-only lists, searches and figures over many nouns."""
