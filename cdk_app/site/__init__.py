"""The distribution in front of Studio, public pictures and the API."""
