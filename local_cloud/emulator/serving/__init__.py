"""The emulator's HTTP server, and what is served around the emulator's application."""
