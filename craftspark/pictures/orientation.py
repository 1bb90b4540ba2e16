"""The orientation of a picture, from its EXIF, or from its XMP if there is none in EXIF."""

import re

ORIENTATION = 0x0112
UPRIGHT = 1
# The types that writers use for it, by their size in bytes: BYTE, SHORT, LONG.
SIZES = {1: 1, 3: 2, 4: 4}
MAX_XMP = 256 * 1024
IN_XMP = re.compile(rb"""tiff:Orientation\s{0,9}(?:=\s{0,9}["']|>)\s{0,9}([1-8])(?![0-9])""")


def read_exif(exif: bytes) -> int | None:
    """The orientation, 1 to 8, in the first directory, or None if there is none or the EXIF is broken."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "little", b"MM\0*": "big"}.get(tiff[:4])
    if order is None:
        return None

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], "little" if order == "little" else "big")

    directory = number(4, 4)
    for entry in range(number(directory, 2)):
        at = directory + 2 + 12 * entry
        if at + 12 > len(tiff):
            return None
        if number(at, 2) == ORIENTATION:
            size = SIZES.get(number(at + 2, 2))
            value = number(at + 8, size) if size else 0
            return value if 1 <= value <= 8 else None
    return None


def read_xmp(packet: bytes) -> int | None:
    """The orientation, 1 to 8, in the first 256 KiB of an XMP packet."""
    found = IN_XMP.search(packet[:MAX_XMP])
    return int(found[1]) if found else None


def orientation(exif: bytes | None, xmp: bytes | None) -> int:
    return (exif and read_exif(exif)) or (xmp and read_xmp(xmp)) or UPRIGHT
