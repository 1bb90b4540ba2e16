"""The build of Studio as a zip, if there is a build."""

import hashlib
from pathlib import Path

from cdk_app.packaging.archive import zip_folder

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "web" / "studio" / "dist"
PACKAGES = ROOT / "build" / "studio"


def build_studio_package(built: Path = BUILT, packages: Path = PACKAGES) -> Path | None:
    """The zip, named by a hash of its content. None without a build, which `make site` makes."""
    if not (built / "index.html").is_file():
        return None
    packages.mkdir(parents=True, exist_ok=True)
    made = packages / "new.zip"
    zip_folder(built, made)
    return made.replace(packages / f"{hashlib.sha256(made.read_bytes()).hexdigest()[:32]}.zip")
