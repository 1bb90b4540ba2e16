"""From a drawing on a plain ground to a thing with a clean edge, and to a file that a cutting machine follows."""
