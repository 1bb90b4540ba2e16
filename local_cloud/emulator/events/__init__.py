"""Events that AWS services send, and those that could not be delivered."""
