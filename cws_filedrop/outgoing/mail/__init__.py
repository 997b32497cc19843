"""Mail to sellers, buyers and operators."""
