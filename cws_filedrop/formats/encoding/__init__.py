"""Which encoding a file is written in: by its mark, by its form, or by what its letters spell."""
