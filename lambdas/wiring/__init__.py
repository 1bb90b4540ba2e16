"""What several handlers build from the domain and its AWS adapters."""
