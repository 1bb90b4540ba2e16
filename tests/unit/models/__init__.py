"""The catalogue: measured times, prices, licences and terms."""
