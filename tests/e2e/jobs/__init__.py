"""Jobs of makers from the request to the end, also when something fails on the way."""
