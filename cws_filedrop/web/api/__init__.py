"""The REST API. By tokens only; knows nothing of pages and sessions."""
