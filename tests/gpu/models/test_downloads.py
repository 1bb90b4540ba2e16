"""Downloads of models from the bucket: one pass, one version, and nothing twice."""

import errno
import fcntl
import hashlib
import json
import multiprocessing
import os
import shutil
import threading
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from craftspark.aws.styles.models import ModelBucket
from craftspark.errors import ModelUnavailable
from gpu_tasks.activity import Activities, record_activity
from gpu_tasks.inference import cached_versions, downloads, file_hashes, manifests
from gpu_tasks.inference.downloads import HashingFile, fetch
from gpu_tasks.inference.file_hashes import FileHashes, record_of
from gpu_tasks.inference.manifests import MANIFEST, check
from tests.loopback_s3 import BUCKET, LoopbackS3, serve_s3

MIB = 1024**2
WEIGHTS = bytes(range(256)) * 4096 * 20  # 20 MiB: three ranges
FILES = {"unet/weights": WEIGHTS, "vae/weights": WEIGHTS[: 3 * MIB], "model_index.json": b"{}", "empty": b""}
SIZE = sum(map(len, FILES.values()))


@pytest.fixture
def s3() -> Iterator[LoopbackS3]:
    with serve_s3() as bucket:
        put(bucket, FILES)
        yield bucket


@pytest.fixture(autouse=True)
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of bytes of each call that hashed a file, in a process that has not hashed any."""
    start_again(monkeypatch)
    sizes: list[int] = []
    write, whole = HashingFile.write, file_hashes.hash_file

    def count_part(self: HashingFile, part: bytes, /) -> int:
        sizes.append(len(part))
        return write(self, part)

    def count_file(path: Path) -> str:
        sizes.append(path.stat().st_size)
        return whole(path)

    monkeypatch.setattr(HashingFile, "write", count_part)
    monkeypatch.setattr(file_hashes, "hash_file", count_file)
    return sizes


def start_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a new process has hashed: nothing."""
    hashes = FileHashes()
    monkeypatch.setattr(manifests, "HASHES", hashes)
    monkeypatch.setattr(downloads, "HASHES", hashes)


def put(s3: LoopbackS3, files: dict[str, bytes], prefix: str = "flowers/v1") -> None:
    manifest = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    s3.objects |= {f"{prefix}/{name}": content for name, content in files.items()}
    s3.objects[f"{prefix}/{MANIFEST}"] = json.dumps(manifest).encode()


def get(s3: LoopbackS3, cache: Path) -> Path:
    return fetch("flowers/v1", ModelBucket(client=s3.client(), bucket=BUCKET), cache)


def read(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


def test_a_cold_start_downloads_in_ranges_and_hashes_each_byte_once(
    s3: LoopbackS3, tmp_path: Path, hashed: list[int]
) -> None:
    folder = get(s3, tmp_path)

    assert read(folder) == FILES
    assert s3.ranges["flowers/v1/unet/weights"] == 3
    assert sum(hashed) == SIZE
    check(folder)
    assert sum(hashed) == SIZE
    assert not [*folder.rglob("*.part")]


def test_a_warm_start_hashes_nothing(
    s3: LoopbackS3, tmp_path: Path, hashed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    get(s3, tmp_path)
    start_again(monkeypatch)
    hashed.clear()
    s3.sent.clear()

    check(get(s3, tmp_path))

    assert hashed == []
    assert s3.sent.keys() == {f"flowers/v1/{MANIFEST}"}


def test_a_file_that_was_touched_is_hashed_again_and_not_downloaded(
    s3: LoopbackS3, tmp_path: Path, hashed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    (get(s3, tmp_path) / "vae/weights").touch()
    start_again(monkeypatch)
    hashed.clear()
    s3.sent.clear()

    get(s3, tmp_path)

    assert hashed == [3 * MIB]
    assert s3.sent.keys() == {f"flowers/v1/{MANIFEST}"}


def test_a_file_that_was_altered_in_the_cache_is_downloaded_again(
    s3: LoopbackS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = get(s3, tmp_path)
    with (folder / "unet/weights").open("r+b") as file:
        file.write(b"other")
    start_again(monkeypatch)
    s3.sent.clear()

    assert read(get(s3, tmp_path)) == FILES
    assert s3.sent.keys() == {f"flowers/v1/{name}" for name in (MANIFEST, "unet/weights")}


@pytest.mark.parametrize("record", ["", "[]", '{"boot": "", "files": 3}', '{"files": {}}'])
def test_a_damaged_record_is_as_good_as_none(
    s3: LoopbackS3, tmp_path: Path, hashed: list[int], record: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = get(s3, tmp_path)
    record_of(folder, tmp_path).write_text(record)
    start_again(monkeypatch)
    hashed.clear()

    assert read(get(s3, tmp_path)) == FILES
    assert sum(hashed) == SIZE


def test_a_record_ends_with_a_restart_of_the_machine(
    s3: LoopbackS3, tmp_path: Path, hashed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    get(s3, tmp_path / "cache")
    (tmp_path / "boot").write_text("another")
    monkeypatch.setattr(file_hashes, "BOOT_ID", tmp_path / "boot")
    start_again(monkeypatch)
    hashed.clear()

    get(s3, tmp_path / "cache")

    assert sum(hashed) == SIZE


def test_a_file_that_differs_from_the_manifest_is_named_and_not_kept(s3: LoopbackS3, tmp_path: Path) -> None:
    s3.objects["flowers/v1/vae/weights"] = WEIGHTS[: 2 * MIB]  # cut off in the bucket

    with pytest.raises(ModelUnavailable, match="flowers/v1/vae/weights in the model store differs"):
        get(s3, tmp_path)

    assert not [path for path in tmp_path.rglob("*") if path.name.startswith("weights") and "vae" in str(path)]


def test_a_range_that_breaks_off_is_requested_again(s3: LoopbackS3, tmp_path: Path) -> None:
    broken: set[tuple[str, int]] = set()

    def cut(key: str, first: int) -> int | None:
        if key.endswith(MANIFEST) or (key, first) in broken:
            return None
        broken.add((key, first))
        return MIB + 100  # after a part that was passed on

    s3.cut = cut

    assert read(get(s3, tmp_path)) == FILES
    assert s3.ranges["flowers/v1/unet/weights"] == 6
    assert s3.ranges["flowers/v1/vae/weights"] == 2


def test_ranges_that_always_break_off_end_the_download_with_a_transient_error(s3: LoopbackS3, tmp_path: Path) -> None:
    s3.cut = lambda key, first: 100 if key.endswith("unet/weights") and first else None

    with pytest.raises(ConnectionError, match="unet/weights is not complete"):
        get(s3, tmp_path)

    assert s3.ranges["flowers/v1/unet/weights"] <= 1 + 2 * 5


def test_a_download_continues_with_the_files_that_are_not_complete(
    s3: LoopbackS3, tmp_path: Path, hashed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "FILES_AT_ONCE", 1)  # the largest file is the first
    s3.cut = lambda key, _: 100 if key.endswith("vae/weights") else None
    with pytest.raises(ConnectionError):
        get(s3, tmp_path)
    s3.cut = lambda _key, _first: None
    start_again(monkeypatch)
    hashed.clear()
    s3.sent.clear()

    assert read(get(s3, tmp_path)) == FILES
    assert "flowers/v1/unet/weights" not in s3.sent
    assert sum(hashed) == SIZE - len(WEIGHTS)


def test_an_object_that_is_replaced_during_its_download_is_named(s3: LoopbackS3, tmp_path: Path) -> None:
    def replace(key: str, first: int) -> int | None:
        if key.endswith("unet/weights") and not first:
            s3.objects[key] = WEIGHTS[::-1]
            return 100  # the next attempt is of the other version
        return None

    s3.cut = replace

    with pytest.raises(ModelUnavailable, match="unet/weights was replaced while it was downloaded"):
        get(s3, tmp_path)


def test_a_replaced_model_has_a_folder_of_its_own(s3: LoopbackS3, tmp_path: Path) -> None:
    first = get(s3, tmp_path)
    put(s3, FILES | {"vae/weights": b"new"})
    second = get(s3, tmp_path)

    assert read(first) == FILES
    assert read(second) == FILES | {"vae/weights": b"new"}
    assert first.name == second.name == "v1"


def test_a_file_that_only_the_manifest_has_is_named_before_a_download(s3: LoopbackS3, tmp_path: Path) -> None:
    del s3.objects["flowers/v1/empty"]

    with pytest.raises(ModelUnavailable, match="no flowers/v1/empty"):
        get(s3, tmp_path)

    assert s3.sent.keys() == {f"flowers/v1/{MANIFEST}"}


def test_a_model_that_does_not_fit_on_the_disk_is_refused_before_its_download(
    s3: LoopbackS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(SIZE - 1))

    with pytest.raises(ModelUnavailable, match=r"is too small: flowers/v1 needs 0\.0 GiB"):
        get(s3, tmp_path)

    assert s3.sent.keys() == {f"flowers/v1/{MANIFEST}"}


def test_a_disk_that_becomes_full_is_named(s3: LoopbackS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(_self: HashingFile, _part: bytes, /) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(HashingFile, "write", fill)

    with pytest.raises(ModelUnavailable, match="cannot be written: the disk is full"):
        get(s3, tmp_path)

    assert not [*tmp_path.rglob("*.part")]


def test_a_cache_that_is_not_a_folder_is_named(s3: LoopbackS3, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ModelUnavailable, match="file cannot be written"):
        get(s3, tmp_path / "file")


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}'])
def test_a_manifest_that_is_not_one_is_refused(s3: LoopbackS3, tmp_path: Path, content: str) -> None:
    s3.objects[f"flowers/v1/{MANIFEST}"] = content.encode()

    with pytest.raises(ModelUnavailable, match=MANIFEST):
        get(s3, tmp_path)


def fetch_in_a_process(endpoint: str, cache: str) -> None:
    get(LoopbackS3(endpoint=endpoint), Path(cache))


def test_two_processes_that_fill_a_folder_download_each_file_once(s3: LoopbackS3, tmp_path: Path) -> None:
    both_started = threading.Event()

    def hold(key: str, _: int) -> None:
        """Hold files back until both processes have read the manifest."""
        if not key.endswith(MANIFEST):
            assert both_started.wait(60)
        elif s3.ranges[key]:
            both_started.set()

    s3.cut = hold
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=fetch_in_a_process, args=(s3.endpoint, str(tmp_path))) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()

    assert [process.exitcode for process in both] == [0, 0]
    assert read(get(s3, tmp_path)) == FILES
    assert {key: sent for key, sent in s3.sent.items() if not key.endswith(MANIFEST)} == {
        f"flowers/v1/{name}": len(content) for name, content in FILES.items()
    }


# What else is on the disk, and what the watchdog sees.


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A disk with room for two models and a half."""
    usage = namedtuple("usage", "free")

    def measure(_: object) -> object:
        return usage(2.5 * SIZE - sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()))

    pinned: dict[Path, int] = {}
    monkeypatch.setattr(shutil, "disk_usage", measure)
    monkeypatch.setattr(cached_versions, "_pinned", pinned)
    yield
    for descriptor in pinned.values():
        os.close(descriptor)


def get_revision(s3: LoopbackS3, cache: Path, revision: int, *, pin: bool = False) -> Path:
    put(s3, FILES | {"empty": b"" if not revision else str(revision).encode()}, f"flowers/v{revision}")
    return fetch(f"flowers/v{revision}", ModelBucket(client=s3.client(), bucket=BUCKET), cache, pin=pin)


@pytest.mark.usefixtures("disk")
def test_a_model_that_no_task_uses_makes_room_for_another(s3: LoopbackS3, tmp_path: Path) -> None:
    first, second = (get_revision(s3, tmp_path, number) for number in (1, 2))
    get_revision(s3, tmp_path, 1)  # used after the second one

    third = get_revision(s3, tmp_path, 3)

    assert [folder.exists() for folder in (first, second, third)] == [True, False, True]
    assert get_revision(s3, tmp_path, 2).exists()  # it can come back


@pytest.mark.usefixtures("disk")
def test_a_model_that_a_task_uses_stays(s3: LoopbackS3, tmp_path: Path) -> None:
    first, second = (get_revision(s3, tmp_path, number, pin=True) for number in (1, 2))

    with pytest.raises(ModelUnavailable, match=r"the disk of .* is too small"):
        get_revision(s3, tmp_path, 3)

    assert first.exists()
    assert second.exists()


@pytest.mark.usefixtures("disk")
def test_a_model_is_unused_after_the_end_of_its_task(s3: LoopbackS3, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    task = context.Process(target=fetch_in_a_process, args=(s3.endpoint, str(tmp_path)))
    task.start()
    task.join()
    [version] = [path for path in tmp_path.iterdir() if path.is_dir() and len(path.name) == 16]
    get_revision(s3, tmp_path, 2, pin=True)

    get_revision(s3, tmp_path, 3, pin=True)

    assert task.exitcode == 0
    assert not version.exists()


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_each_part_of_a_download_is_progress(s3: LoopbackS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, write, silent = Clock(), HashingFile.write, []
    activities = Activities(clock)

    def take_long(self: HashingFile, part: bytes, /) -> int:
        silent.append(activities.idle_s())
        clock.seconds += 50
        return write(self, part)

    monkeypatch.setattr(HashingFile, "write", take_long)
    monkeypatch.setattr(downloads, "FILES_AT_ONCE", 1)
    with activities.track("wave"):
        get(s3, tmp_path)

    assert clock.seconds > 500
    assert max(silent) == 0


def test_the_wait_for_another_task_is_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "ALIVE_EVERY_S", 0.01)
    clock = Clock()
    activities = Activities(clock)
    alive = threading.Event()
    waited = []

    def wait_for_the_lock() -> None:
        with activities.track("wave"):
            clock.seconds += 50
            with downloads._lock(tmp_path / "lock"):
                waited.append(activities.idle_s())

    def see(_silent_s: float = 0.0) -> None:
        record_activity()
        alive.set()

    monkeypatch.setattr(downloads, "record_activity", see)
    with (tmp_path / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        task = threading.Thread(target=wait_for_the_lock)
        task.start()
        assert alive.wait(60)
    task.join()

    assert waited == [0]
