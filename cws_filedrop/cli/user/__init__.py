"""`cws-filedrop user …`: the people who operate the service."""
