"""Uploads and source pictures in S3 and DynamoDB, and their moderation by Bedrock."""
