"""The only boto3: adapters from the domain's ports to AWS."""
