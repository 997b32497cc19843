"""`cws-filedrop demo`: the main job once, on the sample files."""
