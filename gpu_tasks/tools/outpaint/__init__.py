"""Outpaint: plain and repeating grounds are continued, and everything else is drawn in the size of the model."""
