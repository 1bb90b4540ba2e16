"""Simulation of the GPU fleet: demand, supply and cold starts, driven by the controller's policy and by others."""
