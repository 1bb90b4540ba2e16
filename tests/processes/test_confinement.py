"""A process that decodes bytes from outside ends at its limits, and each end has a named error."""

import os
import subprocess
from dataclasses import replace

import pytest

from craftspark.pictures.confinement import Bounds, ProcessBroke, TooMuchWork, run

MIB = 1024 * 1024
# The wall time decides no test. It only ends a test that would otherwise never end.
BOUNDS = Bounds(cpu_s=1, finish_cpu_s=1, wall_s=300, memory_bytes=100 * MIB, answer_bytes=MIB)
IMPORTED = "apply_bounds, allow_finish_time, OUT_OF_MEMORY"
CONFINED = f"from craftspark.pictures.confinement import {IMPORTED}; apply_bounds(); "


def test_the_output_is_returned_as_first_line_and_rest() -> None:
    program = CONFINED + "import sys; sys.stdout.write('head\\n' + sys.stdin.read()[::-1])"

    assert run(program, b"abc\ndef", BOUNDS) == (b"head\n", b"fed\ncba")


def test_endless_work_ends_at_the_cpu_limit() -> None:
    with pytest.raises(TooMuchWork):
        run(CONFINED + "\nwhile True: pass", b"", BOUNDS)


def test_work_after_decoding_has_a_separate_cpu_limit() -> None:
    spent = "import time\nallow_finish_time()\nwhile time.process_time() < 1.5: pass\nprint('done')"
    assert run(CONFINED + spent, b"", BOUNDS) == (b"done\n", b"")
    with pytest.raises(TooMuchWork):
        run(CONFINED + "allow_finish_time()\nwhile True: pass", b"", BOUNDS)


def test_waiting_ends_at_the_wall_clock_limit() -> None:
    with pytest.raises(TooMuchWork):
        run(CONFINED + "import signal; signal.pause()", b"", replace(BOUNDS, wall_s=1))


def test_memory_has_a_limit() -> None:
    program = CONFINED + "import os\ntry: bytes(200 * 1024 * 1024)\nexcept MemoryError: os._exit(OUT_OF_MEMORY)"

    with pytest.raises(TooMuchWork):
        run(program, b"", BOUNDS)
    assert run(CONFINED + "print(len(bytes(50 * 1024 * 1024)))", b"", BOUNDS)[0] == b"52428800\n"


def test_a_crash_has_a_named_error_and_our_own_bug_raises() -> None:
    with pytest.raises(ProcessBroke):
        run(CONFINED + "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", b"", BOUNDS)
    with pytest.raises(subprocess.CalledProcessError):
        run("import no_such_module", b"", BOUNDS)


def test_the_process_has_no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("CRAFTSPARK_JOBS_TABLE", "jobs")

    names = run(CONFINED + "import os; print(' '.join(os.environ))", b"", BOUNDS)[0].decode().split()

    assert "PYTHONPATH" in names
    assert not [name for name in names if name.startswith(("AWS_", "CRAFTSPARK_"))]
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == "secret"


def test_output_has_a_size_limit() -> None:
    program = CONFINED + "import sys; sys.stdout.buffer.write(bytes(2 * 1024 * 1024))"

    with pytest.raises(subprocess.CalledProcessError):
        run(program, b"", BOUNDS)
