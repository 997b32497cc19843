"""Documents over the network: Amazon's client, its rate limits, and the built-in sandbox. Knows no table of ours."""
