"""Files made to cost a check of uploads more than a picture does, built by code, the same on every machine."""

from benchmarks.hostile import jpegs, others, pngs, webps
from benchmarks.hostile.parts import Files

HOSTILE: Files = {**pngs.FILES, **jpegs.FILES, **webps.FILES, **others.FILES}
