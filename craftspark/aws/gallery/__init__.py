"""The gallery in DynamoDB, and the files of published pictures in S3."""
