"""The folder door: files that local programs put into an inbox."""
