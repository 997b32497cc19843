"""What leaves the service other than feeds: mail, web hooks, alarms."""
