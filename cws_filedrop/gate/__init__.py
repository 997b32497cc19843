"""Who may come in: logins, bans, connections, the audit trail. Doors and web server use it."""
