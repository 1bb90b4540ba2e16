"""Seamless tiles: two ways in which a model draws a tile that continues in its neighbours."""
