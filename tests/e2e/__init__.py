"""The synthesized templates in the local cloud, driven from outside, and the promises of the local cloud itself."""
