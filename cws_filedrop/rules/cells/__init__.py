"""What one cell is: a number, a name, a date or something else. Texts in, findings out; no columns of files."""
