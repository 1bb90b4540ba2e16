"""The gallery: pictures that makers publish, and the lists in which visitors find them."""
