"""Models in a worker: loading, adapters, Diffusers pipelines and upscaling networks."""
