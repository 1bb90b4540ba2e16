"""Background removal and cut files: a clean edge around a motif, and paths that a cutting machine follows."""
