"""`make demo`: submit a job to every tool of the service on this machine and save the pictures."""
