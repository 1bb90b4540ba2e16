"""The stacks, one a fate: what is deployed, kept and thrown away together."""
