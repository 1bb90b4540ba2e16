"""Models in a worker: downloads, families, adapters, encoders, matting and upscalers."""
