"""The shared domain of Craftspark: jobs, credits, tools, errors and settings. docs/design.md explains the terms."""
