"""Web hooks: what happens is queued where it happens (`events`), and told by a thread of the worker's (`caller`)."""
