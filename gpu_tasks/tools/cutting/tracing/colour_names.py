"""Names of colours: those of CSS that are everyday words, https://www.w3.org/TR/css-color-4/#named-colors"""

from __future__ import annotations

from functools import cache, lru_cache

from coloraide import Color
from PIL import ImageColor

NAMES = (
    *("Black", "Dim gray", "Gray", "Silver", "Light gray", "White", "Ivory", "Beige", "Linen", "Wheat", "Tan"),
    *("Chocolate", "Sienna", "Saddle brown", "Brown", "Maroon", "Dark red", "Red", "Crimson", "Tomato", "Coral"),
    *("Salmon", "Pink", "Light pink", "Hot pink", "Deep pink", "Magenta", "Orchid", "Plum", "Lavender", "Violet"),
    *("Purple", "Indigo", "Rebecca purple", "Slate blue", "Navy", "Midnight blue", "Blue", "Royal blue", "Steel blue"),
    *("Sky blue", "Light blue", "Powder blue", "Deep sky blue", "Turquoise", "Cyan", "Light cyan", "Teal"),
    *("Cadet blue", "Aquamarine", "Dark green", "Green", "Forest green", "Sea green", "Lime green", "Lime"),
    *("Light green", "Pale green", "Yellow green", "Olive", "Olive drab", "Dark olive green", "Khaki", "Dark khaki"),
    *("Yellow", "Light yellow", "Gold", "Goldenrod", "Orange", "Dark orange", "Peach puff", "Slate gray"),
    *("Dark slate gray", "Dark slate blue"),
)


def measure_difference(first: str, second: str) -> float:
    """Return CIEDE2000 between two colours, `#rrggbb`. From about 15, they are different sheets of vinyl to the eye."""
    return float(_to_lab(first).delta_e(_to_lab(second), method="2000"))


@lru_cache(maxsize=1024)
def _to_lab(colour: str) -> Color:
    return Color(colour).convert("lab-d65")


@cache
def find_name(colour: str) -> str:
    """Return the name of the nearest named colour to `#rrggbb`."""
    return min(NAMES, key=lambda name: measure_difference(colour, _read(name)))


@cache
def _read(name: str) -> str:
    red, green, blue = ImageColor.getrgb(name.replace(" ", "").lower())[:3]
    return f"#{red:02x}{green:02x}{blue:02x}"
