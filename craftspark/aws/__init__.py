"""Adapters from the domain's ports to AWS. Only this room imports boto3."""
