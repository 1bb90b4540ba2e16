"""Tables, buckets, queues and log groups."""
