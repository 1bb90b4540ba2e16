"""The shared domain of Craftspark: jobs, credits, tools, errors and settings. See docs/design.md for the words."""
