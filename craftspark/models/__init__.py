"""Models: the catalogue, the tokens of a prompt, and the work that a request takes."""
