"""The GPU worker, with renderers that draw nothing."""
