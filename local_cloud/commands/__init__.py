"""The commands of `python -m local_cloud`: each module adds some to the parser and runs them."""
