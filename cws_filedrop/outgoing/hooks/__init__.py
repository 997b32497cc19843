"""Web hooks: what is told, and the calls."""
