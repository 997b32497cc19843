"""A seller's home and the spool: where files lie between the seller and the service."""
