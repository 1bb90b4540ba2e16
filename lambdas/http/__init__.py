"""HTTP conventions of the API: endpoint, problems, schemas, and the OpenAPI description."""
