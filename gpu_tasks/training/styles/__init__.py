"""Fine-tuning of a style, as a command and as a GPU task."""
