"""The gallery's tables, index and handlers."""
