"""The local cloud uses nothing of the user's AWS configuration, and its folder has one owner at a time."""

import fcntl
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from local_cloud.launcher.environment import ACCESS_KEY, emulator_environment, isolated_environment
from local_cloud.launcher.state import MAX_EARLIER_RUNS, AlreadyRunning, EarlierRun, NotRunning, RunRecord, StateDir

ROOT = Path(__file__).parents[2]
USERS = {
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_CONFIG_FILE": "/home/user/.aws/config",
    "AWS_ENDPOINT_URL_S3": "https://elsewhere.example",
    "AWS_PROFILE": "production",
    "AWS_SESSION_TOKEN": "real",
    "HTTPS_PROXY": "http://proxy.example",
    "PATH": "/usr/bin",
    "PYTHONPATH": "/home/user",
}
RECORD = RunRecord(endpoint="http://127.0.0.1:1", pid=1, started=0.0, outputs={})


def test_only_variables_that_a_program_needs_are_passed_on() -> None:
    environment = isolated_environment(USERS)

    assert environment["PATH"] == "/usr/bin"
    assert environment["AWS_ACCESS_KEY_ID"] == ACCESS_KEY
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert not set(environment) & (set(USERS) - {"AWS_ACCESS_KEY_ID", "AWS_CONFIG_FILE", "PATH"})


def test_the_emulator_keeps_to_loopback_and_its_folder(tmp_path: Path) -> None:
    environment = emulator_environment(4566, 4567, tmp_path, packages=tmp_path)

    assert environment["BIND_HOST"] == environment["MINISTACK_HOST"] == "127.0.0.1"
    for variable in ("HOME", "STATE_DIR", "TMPDIR"):
        assert environment[variable].startswith(str(tmp_path))


def test_a_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    state = StateDir.at(tmp_path)

    with state.lock(), pytest.raises(AlreadyRunning), StateDir.at(tmp_path).lock():
        pass

    with state.lock():
        pass


def test_a_folder_that_is_only_checked_has_no_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that checks the folder may stall while it does."""
    state, polls = StateDir.at(tmp_path), list[float]()
    with state.lock():
        pass

    with state.lock_file.open("rb") as checked:
        fcntl.flock(checked, fcntl.LOCK_SH)

        def poll(seconds: float) -> None:
            polls.append(seconds)
            if len(polls) == 20:
                fcntl.flock(checked, fcntl.LOCK_UN)

        monkeypatch.setattr(time, "sleep", poll)
        with state.lock(), pytest.raises(AlreadyRunning), StateDir.at(tmp_path).lock():
            pass

    assert len(polls) == 20


def test_a_folder_can_be_handed_over(tmp_path: Path) -> None:
    state = StateDir.at(tmp_path)
    with state.lock() as lock, subprocess.Popen(["sleep", "3600"], pass_fds=(lock.fileno(),)) as heir:
        lock.transfer_to(heir.pid)
        held_by = state.owner_pid()
        heir.kill()

    assert held_by == heir.pid
    assert state.wait_until_unlocked(timeout_s=600)


def test_the_state_of_a_run_that_has_ended_is_not_a_running_cloud(tmp_path: Path) -> None:
    state = StateDir.at(tmp_path)
    with state.lock() as lock:
        lock.transfer_to(os.getpid())
        state.write_record(RECORD)
        assert state.current_run() == RECORD

    with pytest.raises(NotRunning):
        state.current_run()


def test_files_of_a_crashed_run_are_removed_by_the_next(tmp_path: Path) -> None:
    state = StateDir.at(tmp_path)
    with state.lock():
        state.write_record(RECORD)
        state.logs.mkdir()
        state.emulator_log.write_text("the last words")
        (tmp_path / "emulator").mkdir()

    with state.lock() as lock:
        earlier = lock.clean_up()
    with state.lock() as lock:
        assert lock.clean_up() == EarlierRun(crashed=False, started=None, logs=None)

    assert (earlier.crashed, earlier.started) == (True, RECORD.started)
    assert earlier.logs
    assert (earlier.logs / "emulator.log").read_text() == "the last words"
    assert not (tmp_path / "emulator").exists()


def test_the_logs_of_a_few_runs_are_kept(tmp_path: Path) -> None:
    state = StateDir.at(tmp_path)
    for number in range(MAX_EARLIER_RUNS + 2):
        with state.lock() as lock:
            lock.clean_up()
            state.emulator_log.write_text(f"{number}")
            state.write_record(replace(RECORD, started=RECORD.started + number))

    kept = [(run / "emulator.log").read_text() for run in sorted(state.earlier_logs.iterdir())]
    assert kept == [str(number) for number in range(1, MAX_EARLIER_RUNS + 1)]


@pytest.mark.parametrize(
    ("failure", "status", "said"),
    [
        ("BrokenPipeError()", 0, ""),  # the reader of a pipe, such as head, has seen enough
        (
            "OSError(28, 'No space left on device')",
            1,
            "The operating system returned an error: [Errno 28] No space left on device\n",
        ),
        ("KeyboardInterrupt()", 130, ""),
    ],
)
def test_a_command_that_fails_ends_without_a_traceback(failure: str, status: int, said: str) -> None:
    program = (
        "import argparse, sys\n"
        "from local_cloud import __main__ as program\n"
        "def run(_):\n"
        f"    raise {failure}\n"
        "program._parse = lambda: argparse.Namespace(run=run)\n"
        "sys.exit(program.main())\n"
    )

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (status, "", said)
