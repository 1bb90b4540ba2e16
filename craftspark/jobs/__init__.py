"""Jobs, from the request to the settlement: submission, batches, estimates, starts and endings."""
