"""Datasets: pictures, captions and the examples made from them."""
