"""What people decide, kept with who and why. Writes; `views` reads."""
