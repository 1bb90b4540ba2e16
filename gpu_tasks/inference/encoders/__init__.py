"""Encoders: they map words and pictures to one space, where similar ones are near each other."""
