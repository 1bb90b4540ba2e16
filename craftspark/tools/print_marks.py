"""The bleed and the marks around a printed sheet, and the room that they need outside its trim."""

from typing import Literal

Marks = Literal["none", "crop", "registration"]

MAX_BLEED_MM = 10.0
# Crop marks show a print shop where to cut. They stay clear of the usual bleed of 3 mm.
CROP_OFFSET_MM, CROP_LENGTH_MM, CROP_LINE_MM = 3.0, 5.0, 0.09
# Registration marks in the style that Silhouette's machines read, and others that take such marks: a filled square in
# the upper left corner and two L-shapes in the upper right and lower left corners, with thin lines. A scanner also
# reads the area inside an L, so nothing else is printed there.
SQUARE_MM, LEG_MM, LEG_LINE_MM = 5.0, 20.0, 0.3
EDGE_MM = 5.0  # from the marks to the edge of the page, where many printers do not print


def slug_mm(bleed_mm: float, marks: Marks) -> float:
    """The room for marks outside the bleed, on each side."""
    if marks == "crop":
        return max(0.0, CROP_OFFSET_MM - bleed_mm) + CROP_LENGTH_MM
    return LEG_MM + EDGE_MM if marks == "registration" else 0.0


def paper_margin_mm(bleed_mm: float, marks: Marks) -> float:
    """The width of the margin on each side of a paper that is the whole page. Crop marks are clear of the paper's edge
    too, as registration marks are in any case.
    """
    clear = EDGE_MM if marks == "crop" else 0.0
    return max(EDGE_MM, slug_mm(bleed_mm, marks) + clear) + bleed_mm


def margin_mm(bleed_mm: float, marks: Marks) -> float:
    """The width of the page outside the trim, on each side."""
    return bleed_mm + slug_mm(bleed_mm, marks)
