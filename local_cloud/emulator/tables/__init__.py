"""What the patches of DynamoDB keep of tables: throughput, replicas and open transactions."""
