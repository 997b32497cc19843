"""`cws-filedrop demo`: the whole story once, on the sample files."""
