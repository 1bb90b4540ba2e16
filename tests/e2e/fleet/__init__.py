"""The fleet of workers: pools, the controller, and jobs that find no room."""
