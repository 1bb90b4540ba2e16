"""The emulator process: ministack with patches for features that our templates need."""
