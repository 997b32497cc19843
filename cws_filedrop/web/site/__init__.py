"""What every page stands on: the frame, sessions, forms, rendering."""
