"""One renderer a tool, of the same name as the tool's request in `craftspark/tools/`."""
