"""Uploaded pictures, decoded safely and stored as PNG with 8 bits a channel in sRGB.

`cleaning` starts a process that decodes one picture under bounds of time and memory. What runs in that process is in
`decoding`, which starts in 50 ms because nothing is imported here. Only this package of the domain knows Pillow.
"""
