"""Start, deploy, reach and stop a local cloud."""
