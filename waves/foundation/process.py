"""The only importer of subprocess: runs programs without a shell, bounded; it never decides what to run."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

# What a program that runs somebody else's code may see of our environment.
ALLOWED_ENVIRONMENT = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR",
    "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finished:
    code: int  # negative: the signal that ended it
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        return self.out.decode("utf-8", "replace")


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The allow-listed part of this process's environment (`LC_*` included), and `extra` over it."""
    kept = {k: v for k, v in os.environ.items() if k in ALLOWED_ENVIRONMENT or k.startswith("LC_")}
    return kept | dict(extra or {})


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | IO[bytes] | None = None,
    timeout: float | None = None,
) -> Finished:
    """Run to the end and give code and output; standard input is empty unless given, and always closed.

    On a time-out the program and its process group are killed and the code is 124, as `timeout(1)` does it.
    """
    data = stdin if isinstance(stdin, bytes) else None
    source: int | IO[bytes] = subprocess.DEVNULL
    if data is not None:
        source = subprocess.PIPE
    elif stdin is not None:
        source = stdin  # type: ignore[assignment]
    # A session of its own: what ends us, ^C included, must not end git in the middle of a write and leave its locks.
    process = subprocess.Popen(
        list(argv), cwd=cwd, env=None if env is None else dict(env), stdin=source,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        out, err = process.communicate(data, timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        return Finished(124, out, err)
    return Finished(process.returncode, out, err)


def run_bounded(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float, keep: int) -> Finished:
    """Run a program that nobody vouches for: `out` is the last `keep` bytes of both its streams; code 124: out of time.

    Its process group is killed at the end; one that left the group with the output still open is not waited for.
    """
    process = subprocess.Popen(
        list(argv), cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout:
        try:
            tail, in_time = _follow(process.pid, process.stdout.fileno(), time.monotonic() + timeout, keep)
        finally:
            # Not reaped yet, so that the number can't be another group's by now.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return Finished(process.returncode if in_time else 124, tail, b"")


def _follow(pid: int, output: int, until: float, keep: int) -> tuple[bytes, bool]:
    """The end of the output, and whether the program ended before `until`; it is left for the caller to reap."""
    tail, pause = b"", 0.001
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while (left := until - time.monotonic()) > 0:
            ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
            if selector.select(0 if ended else min(pause, left)):
                chunk = os.read(output, 1 << 20)  # no pipe holds more, so this is all there is after the end
                tail = (tail + chunk)[-keep:]
                if not chunk:
                    selector.unregister(output)
            if ended:
                return tail, True
            pause = min(2 * pause, 0.05)
    return tail, False


def pieces(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes) -> Generator[bytes, None, Finished]:
    """What a program prints, a megabyte at a time; the generator's value is how it ended, with the output left out.

    The program is killed if nobody reads on.
    """
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as complaint:
        source.write(stdin)
        source.seek(0)
        process = subprocess.Popen(
            list(argv), cwd=cwd, env=dict(env), stdin=source, stdout=subprocess.PIPE, stderr=complaint,
            start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            with process.stdout:
                while piece := process.stdout.read(1 << 20):
                    yield piece
        except BaseException:
            process.kill()
            raise
        finally:
            process.wait()
        complaint.seek(0)
        return Finished(process.returncode, b"", complaint.read())


def pipe(first: Sequence[str], second: Sequence[str], *, stdin: bytes, env_first: Mapping[str, str],
         env_second: Mapping[str, str]) -> tuple[Finished, Finished]:  # fmt: skip
    """`first < stdin | second`, with an environment for each."""
    source = subprocess.Popen(
        list(first), env=dict(env_first), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    assert source.stdin is not None
    assert source.stdout is not None
    assert source.stderr is not None
    sink = subprocess.Popen(
        list(second), env=dict(env_second), stdin=source.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    source.stdout.close()
    with source.stdin:
        source.stdin.write(stdin)
    out, err = sink.communicate()
    complaint = source.stderr.read()
    source.stderr.close()
    return Finished(source.wait(), b"", complaint), Finished(sink.returncode, out, err)


def start_detached(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> int:
    """Start a program in a session of its own that outlives this process, nothing of ours open in it; its number."""
    process = subprocess.Popen(
        list(argv), cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True, close_fds=True,
    )  # fmt: skip
    _DETACHED.append(process)  # reaped by `reap`, so that no zombie is left while we live
    return process.pid


_DETACHED: list[subprocess.Popen[bytes]] = []


def reap() -> None:
    """Collect detached programs that have ended, so that they are not left as zombies."""
    # One by one: replacing the list would lose what another thread starts meanwhile.
    for process in list(_DETACHED):
        if process.poll() is not None:
            with contextlib.suppress(ValueError):  # another thread was quicker
                _DETACHED.remove(process)


def identity(pid: int) -> str | None:
    """What tells a process from a later one of the same number: boot id and start time; None: there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return _identity_by_ps(pid)
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else f"{boot}/{fields[19]}"


def _identity_by_ps(pid: int) -> str | None:
    if Path("/proc/self/stat").exists():
        return None
    started = run(["ps", "-o", "lstart=", "-p", str(pid)]).text.strip()
    return started or None


def any_older(name: str, moment: float) -> bool | None:
    """Whether a process of this name lives that is older than `moment` (seconds since 1970); None: can't be told."""
    try:
        lines = Path("/proc/stat").read_text().splitlines()
        boot = next(int(line.split()[1]) for line in lines if line.startswith("btime "))
    except (OSError, StopIteration):
        return None
    ticks = os.sysconf("SC_CLK_TCK")
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            about, _, rest = entry.read_text().rpartition(")")
        except OSError:
            continue  # it ended while we looked
        if about.partition("(")[2] == name and boot + int(rest.split()[19]) / ticks < moment + 1:
            return True
    return False
