"""`cws-filedrop logs`: what the processes wrote, found and followed."""
