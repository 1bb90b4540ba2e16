"""Objects of the domain, built with their AWS adapters, that several handlers share."""
