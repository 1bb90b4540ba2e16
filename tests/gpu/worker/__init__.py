"""A worker that draws for real: progress, moderation, provenance and errors."""
