"""The controller of the fleet: it observes, decides, and sets the counts."""
