"""The quality of the tools' results for printing and cutting, and their cost."""
