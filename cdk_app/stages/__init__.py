"""Values of a stage, and the stages `dev`, `prod` and `local`."""
