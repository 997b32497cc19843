"""What became of the pieces of an order: counted by order line and package, and as Amazon's own order shows them."""
