"""Styles, their trainings and releases in DynamoDB, and models in S3."""
