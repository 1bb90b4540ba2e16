"""What a GPU task costs and draws."""
