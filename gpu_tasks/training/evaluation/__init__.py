"""Measures of models, upscalers and adapters."""
