"""Files that are designed to make the upload check expensive. Code builds them, the same on every machine."""

from benchmarks.hostile import jpegs, others, pngs, webps
from benchmarks.hostile.parts import Files

HOSTILE: Files = {**pngs.FILES, **jpegs.FILES, **webps.FILES, **others.FILES}
