"""Pattern: seamless tiles, painted as a whole or scattered with motifs."""
