"""What is wrong or soon will be, told to operators once, and once more when it is over."""
