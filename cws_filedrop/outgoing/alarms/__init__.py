"""What operators are alarmed about, and when it ends."""
