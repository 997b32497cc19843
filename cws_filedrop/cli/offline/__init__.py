"""`check` and `convert`: a file judged and converted without a service."""
