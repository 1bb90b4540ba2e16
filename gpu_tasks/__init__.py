"""The container: the worker that renders batches with Diffusers, from the GPU queue or launched for one batch."""
