"""Documents over the wire: Amazon's client, its rate limits, and the built-in Amazon. Knows no table of ours."""
