"""The worker: it takes batches, renders them in waves and answers each batch once."""
