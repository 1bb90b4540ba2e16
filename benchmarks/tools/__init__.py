"""Whether what the tools deliver can be printed and cut, and what it costs."""
