"""Who waits for whom: uploads in progress, sellers' turns, wake-up sets."""
