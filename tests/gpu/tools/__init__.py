"""What each tool draws, cuts and writes."""
