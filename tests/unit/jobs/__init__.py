"""Jobs: submission, admission, estimates, settlement and what follows."""
