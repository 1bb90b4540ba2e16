"""`queue_growth_ratio`: whether a job takes more of our CPU time when more jobs wait."""
