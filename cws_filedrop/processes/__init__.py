"""The processes of the service: how they are started, load, hear of one another, and end."""
