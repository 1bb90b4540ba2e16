"""What is measured on a local cloud."""
