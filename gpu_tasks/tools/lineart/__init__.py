"""Line art: the borders and the drawn lines of a picture as strokes of even width."""
