"""The emulator process: ministack, with patches for what our templates need and it lacks."""
