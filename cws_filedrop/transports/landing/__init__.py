"""What every door does with a file that arrives: the seller's view of its home, grading, the first look."""
