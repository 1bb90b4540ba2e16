"""Vector files in real size: SVG, DXF, PDF and EPS of the same layers."""
