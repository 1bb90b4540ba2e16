"""Reports of simulations: a table, entries for scripts, plots and a page."""
