"""One renderer for each tool, with the same name as the tool's request in `craftspark/tools/`."""
