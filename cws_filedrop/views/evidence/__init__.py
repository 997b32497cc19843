"""What was sent and answered, packed so that somebody else can check it."""
