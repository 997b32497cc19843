"""What people look at. Reads only; `decisions` writes."""
