"""Tasks and instances that end, and how their work continues."""
