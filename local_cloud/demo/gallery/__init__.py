"""The demo's gallery: pictures that the built-in model drew, with their requests, for a gallery that is not empty."""
