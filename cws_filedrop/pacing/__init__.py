"""Who waits for whom: uploads in progress, the queue of sellers, wake-up sets."""
