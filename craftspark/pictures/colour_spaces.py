"""Colour spaces that files specify by numbers, and ICC profiles for them."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TypeAlias

from craftspark.pictures.structure import Colour

Matrix: TypeAlias = tuple[tuple[float, ...], ...]

# x and y of white, red, green and blue.
SRGB = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
DISPLAY_P3 = (0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
BT_2020 = (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046)
# By the code points of ITU-T `H.273` for primaries and transfer. Curves for video and HDR are not included.
PRIMARIES = {1: None, 12: DISPLAY_P3, 9: BT_2020}
GAMMAS = {13: None, 4: 1 / 2.2, 5: 1 / 2.8, 8: 1.0}
COLOUR_SPACES = {
    (primaries, transfer): Colour(primaries=points, gamma=gamma)
    for primaries, points in PRIMARIES.items()
    for transfer, gamma in GAMMAS.items()
}

D50 = (0.9642, 1.0, 0.8249)
BRADFORD: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
SRGB_CURVE = struct.pack(
    ">4sIHH5i", b"para", 0, 3, 0, *(round(65536 * part) for part in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
)
NEAR_PRIMARIES, NEAR_GAMMA = 0.005, 0.05


def is_srgb(colour: Colour) -> bool:
    """Whether the numbers mean sRGB, within the precision of PNG encoders, which write its gamma as 1/2.2."""
    points = colour.primaries or SRGB
    near = all(abs(ours - theirs) < NEAR_PRIMARIES for ours, theirs in zip(points, SRGB, strict=True))
    return near and (colour.gamma is None or abs(2.2 * colour.gamma - 1) < NEAR_GAMMA)


def icc_profile(colour: Colour, *, grey: bool) -> bytes:
    """An ICC profile, version 4, for these numbers. Raises ValueError if they are not a colour space."""
    curve = SRGB_CURVE if colour.gamma is None or is_srgb(Colour(gamma=colour.gamma)) else gamma_curve(colour.gamma)
    tags = {b"wtpt": xyz(D50)}
    if grey:
        tags[b"kTRC"] = curve
    else:
        columns = colorants(colour.primaries or SRGB)
        tags |= {name: xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return assemble_profile(tags, b"GRAY" if grey else b"RGB ")


def gamma_curve(gamma: float) -> bytes:
    exponent = min(1 / gamma, 32.0)
    return struct.pack(">4sIHHi", b"para", 0, 0, 0, round(65536 * exponent))


def colorants(points: tuple[float, ...]) -> Matrix:
    """The XYZ values of red, green and blue under D50."""
    try:
        white, *primaries = ((x / y, 1.0, (1 - x - y) / y) for x, y in zip(points[::2], points[1::2], strict=True))
        across = transpose(tuple(primaries))
        shares = multiply(invert(across), white)
        lit = tuple(tuple(part * share for part in primary) for primary, share in zip(primaries, shares, strict=True))
        ours, theirs = multiply(BRADFORD, white), multiply(BRADFORD, D50)
        scale = tuple(tuple(theirs[row] / ours[row] * part for part in BRADFORD[row]) for row in range(3))
        back = invert(BRADFORD)
        return tuple(multiply(back, multiply(scale, column)) for column in lit)
    except ZeroDivisionError:
        raise ValueError("these are no primaries") from None


def multiply(matrix: Matrix, vector: tuple[float, ...]) -> tuple[float, float, float]:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def transpose(matrix: Matrix) -> Matrix:
    return tuple(zip(*matrix, strict=True))


def invert(matrix: Matrix) -> Matrix:
    """The inverse of a matrix. Raises ZeroDivisionError for a singular matrix."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    cofactors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    determinant = a * cofactors[0][0] + b * cofactors[1][0] + c * cofactors[2][0]
    return tuple(tuple(part / determinant for part in row) for row in cofactors)


def xyz(value: tuple[float, ...]) -> bytes:
    if not all(-30_000 < part < 30_000 for part in value):
        raise ValueError("these are no primaries")
    return struct.pack(">4sI3i", b"XYZ ", 0, *(round(65536 * part) for part in value))


def assemble_profile(tags: dict[bytes, bytes], space: bytes) -> bytes:
    """A display profile: header, tag table and tag contents."""
    bodies = [body.ljust(-(-len(body) // 4) * 4, b"\0") for body in tags.values()]
    starts = [132 + 12 * len(tags)]
    for body in bodies:
        starts.append(starts[-1] + len(body))
    table = b"".join(
        struct.pack(">4sII", name, start, end - start)
        for name, (start, end) in zip(tags, pairwise(starts), strict=True)
    )
    header = struct.pack(">I4sI4s4s4s", starts[-1], bytes(4), 0x04400000, b"mntr", space, b"XYZ ")
    header += struct.pack(">12s4s28s3i", bytes(12), b"acsp", bytes(28), *(round(65536 * part) for part in D50))
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + b"".join(bodies)
