"""What people decide, written down with who and why. Writes; `views` reads."""
