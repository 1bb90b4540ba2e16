"""What a stage decides, and the values of each stage."""
