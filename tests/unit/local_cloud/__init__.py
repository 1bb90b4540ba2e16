"""The local cloud without its emulator's process."""
