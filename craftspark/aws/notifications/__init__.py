"""Live connections and webhooks in DynamoDB, events on EventBridge, secrets in Secrets Manager."""
