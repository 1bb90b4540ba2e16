"""What tools take, and what they make of it."""
