"""What people and programs prove who they are with: passwords and public keys."""
