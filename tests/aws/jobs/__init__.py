"""Jobs from their submission to their deletion."""
