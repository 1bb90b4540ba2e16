"""The emulator's own process: ministack, with the gaps that our templates meet closed one file at a time."""
