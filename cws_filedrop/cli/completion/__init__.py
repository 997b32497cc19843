"""Shell completion: the scripts that shells load, and the answers to what they ask."""
