"""S3 Vectors: vector buckets, their indexes and exact search in them, with the limits and errors of the service."""
