"""Sticker sheet: pictures packed on a page, with one outline around each to cut along."""
