"""Mail: what is to be told to whom, and its way out. One module for each kind of mail."""
