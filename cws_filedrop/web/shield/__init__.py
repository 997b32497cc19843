"""What stands before pages and API: how many may connect and for how long, and what is asked before a body is read."""
