"""A Lambda's package: its handler, only what it imports, and the data that its modules read: the index of word lists,
or the files of the likeness encoder.
"""

import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path

from cdk_app.packaging import word_index
from cdk_app.packaging.archive import add_file
from cdk_app.packaging.import_closure import find_import_closure
from cdk_app.packaging.wheels import Target, fingerprint, install_wheels, move_into_place, resolve_requirements
from cdk_app.stages.compute import Functions
from craftspark.likeness.files import ENCODERS

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "lambda"
ENCODER = Path("craftspark/likeness/encoder.py")  # a package with this module needs the encoder's files


def build_lambda_package(function: str, *, functions: Functions, root: Path = ROOT, build: Path = BUILD) -> Path:
    """The zip of `lambdas/<function>/handler.py`, named by a hash of its content; raises PackagingFailed."""
    target = Target.of(functions)
    closure = find_import_closure(Path("lambdas", function, "handler.py"), root=root)
    requirements = resolve_requirements(closure.packages, target=target)
    wheels = install_wheels(
        requirements, target=target, constraints=root / "constraints.txt", cache_folder=build / "wheels"
    )
    built = {word_index.INDEX: word_index.build_word_index()} if word_index.MODULE in closure.files else {}
    if ENCODER in closure.files:
        built |= {file.resolve().relative_to(ROOT): file.read_bytes() for files in ENCODERS for file in files.all}
    sources = {str(file): hashlib.sha256((root / file).read_bytes()).hexdigest() for file in closure.files}
    sources |= {str(file): hashlib.sha256(content).hexdigest() for file, content in built.items()}
    package = build / "packages" / f"{function}-{fingerprint(sources, wheels.stem)}.zip"
    if not package.is_file():
        package.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=package.parent) as fresh:
            staged = Path(fresh, package.name)
            shutil.copyfile(wheels, staged)
            with zipfile.ZipFile(staged, "a") as archive:
                for file in closure.files:
                    add_file(archive, file.as_posix(), (root / file).read_bytes())
                for file, content in built.items():
                    add_file(archive, file.as_posix(), content)
            move_into_place(staged, package)
    return package
