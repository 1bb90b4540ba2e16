"""What carries messages: SQS, EventBridge and the streams of tables."""
