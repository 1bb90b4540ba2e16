"""Start a local cloud, deploy the stage into it, connect to it and stop it."""
