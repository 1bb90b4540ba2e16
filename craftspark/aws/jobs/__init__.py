"""Jobs in DynamoDB, and their images in S3."""
