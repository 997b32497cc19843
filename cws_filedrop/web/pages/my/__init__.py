"""The pages of sellers, a module each. A seller sees its own and nothing else: what is another's is not there (404)."""
