"""`make demo`: real jobs through the whole path and every tool, on this machine."""
