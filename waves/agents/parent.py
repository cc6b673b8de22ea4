# ruff: noqa: PTH105, PTH110, PTH116, PTH123, PTH208, SIM105
# pathlib, contextlib and dataclasses would add half to the start-up of every run.
"""The parent of one agent run: starts it, bounds it, ends all it left and writes how it ended; it never imports Waves.

`python -I -S` imports it from its own folder and calls `main` (see `waves.agents.run.launch`), with `spec.json` and
`prompt.md` in the run directory. It is all that lives on when Waves is stopped, so everything that must happen at the
end of a run happens here. `exit.json` is written only when no process of the run is left; the lock on `lock` is held
from before the start until after that.
"""

import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import sys
import time

LOG_LIMIT = 100_000_000  # bytes of standard output and error, each
GRACE = 5.0  # seconds between SIGTERM and SIGKILL
LOOK = 1.0  # seconds, at most, between two looks at the logs
WRITE_ATTEMPTS = 60  # at exit.json, one a second: a full disk for a moment must not cost a finished run
LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36


class NotStarted(Exception):  # noqa: N818  (an outcome, not a fault of ours)
    """The agent could not be started; the message is the system's, with the file it is about."""


class Spec:
    """What `spec.json` asks for; raises NotStarted where it cannot be read."""

    def __init__(self, directory: str) -> None:
        try:
            with open(f"{directory}/spec.json", "rb") as file:
                spec = json.load(file)
            self.argv = [str(word) for word in spec["argv"]]
            self.cwd = str(spec["cwd"])
            self.timeout, self.stall_timeout = float(spec["timeout"]), float(spec["stall_timeout"])
            self.inputs = f"{directory}/prompt.md"
            self.confined = bool(spec.get("confined"))
            self.outputs = [f"{directory}/{spec['stdout']}", f"{directory}/{spec['stderr']}"]
            # By name only: what is secret comes through our own environment and is never written to a file.
            named = {name: os.environ[name] for name in spec["inherit"] if name in os.environ}
            self.env = named | dict(spec["env"]) | {"WAVES_RUN": str(spec["run"])}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NotStarted(f"spec.json: {error}") from error


class Signals:
    """Wakes the parent when a child has ended or somebody asks it to stop, without a poll."""

    def __init__(self) -> None:
        self.stop = False
        self.wakeup, write = os.pipe()
        os.set_blocking(self.wakeup, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)

    def _asked_to_stop(self, *_: object) -> None:
        self.stop = True

    def wait(self, seconds: float) -> None:
        """Until the next signal, one that came since the last call included, or for `seconds`."""
        if select.select([self.wakeup], [], [], max(0.0, seconds))[0]:
            os.read(self.wakeup, 4096)


class Home:
    """The run directory as it was at the start: somebody may remove it, and another run may get one of that name."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)  # open, its inode is nobody else's

    def is_gone(self) -> bool:
        try:
            return not os.path.samestat(os.fstat(self.handle), os.stat(self.directory))
        except FileNotFoundError:
            return True
        except OSError:
            return False  # a file system that does not answer for a moment


class Agent:
    """The agent's process and everything below it."""

    def __init__(self, home: Home, spec: Spec, signals: Signals) -> None:
        self.spec, self.signals, self.home = spec, signals, home
        self.status: int | None = None  # as wait(2) gives it
        self.logs = [_open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) for path in spec.outputs]
        stdin = _open(spec.inputs, os.O_RDONLY)
        go, release = os.pipe()
        complaint, complain = os.pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(release)
            _become_agent(spec, [stdin, *self.logs], parent, go, complain)
        for handle in (stdin, go, complain):
            os.close(handle)
        # The agent runs not one instruction before it is written down that it does.
        try:
            write(f"{home.directory}/started.json", {
                "pid": parent, "identity": identity(parent), "time": time.time(),
                "agent": {"pid": self.pid, "identity": identity(self.pid)},
            })  # fmt: skip
        except OSError as error:
            os.close(release)
            raise NotStarted(f"started.json: {error.strerror}") from error
        try:
            os.write(release, b"!")
        except BrokenPipeError:
            pass  # somebody killed it already: `watch` will see
        os.close(release)
        with open(complaint, "rb") as pipe:
            if message := pipe.read():
                os.waitpid(self.pid, 0)
                raise NotStarted(message.decode("utf-8", "replace"))

    def reap(self) -> bool:
        """Collect what has ended; whether there are children left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.pid:
                self.status = status

    def watch(self) -> str:
        """Wait until the agent ends or has to be ended, and give the reason."""
        began = changed = time.monotonic()
        seen: list[tuple[int, int]] = []
        while True:
            self.reap()
            if self.status is not None:
                return "exited"
            now = time.monotonic()
            files = [os.fstat(log) for log in self.logs]
            look = [(file.st_size, file.st_mtime_ns) for file in files]
            if look != seen:
                seen, changed = look, now
            reason = bound_reached(self.spec, self.signals.stop, now - began, now - changed, max(look)[0])
            if self.home.is_gone():
                return "gone"
            if reason is not None:
                return reason
            self.signals.wait(min(LOOK, began + self.spec.timeout - now, changed + self.spec.stall_timeout - now))

    def end(self, grace: float) -> None:
        """Give everything below this process `grace` seconds to end, then kill it until nothing is left."""
        until = time.monotonic() + grace
        if grace:
            self._signal(signal.SIGTERM)
            self._signal(signal.SIGCONT)  # a stopped process gets its SIGTERM only when it goes on
        while self.reap() and time.monotonic() < until:
            self.signals.wait(until - time.monotonic())
        if not LINUX:
            self._signal(signal.SIGKILL)
        # As the subreaper we inherit every orphan, so no child left means no descendant left. The wait is
        # bounded because a walk through /proc is no snapshot: it can miss what is being forked meanwhile.
        while self.reap():
            self._signal(signal.SIGKILL)
            self.signals.wait(0.1)

    def _signal(self, number: signal.Signals) -> None:
        for pid in descendants([os.getpid()]) if LINUX else [-self.pid]:
            if pid == self.pid and self.spec.confined and number == signal.SIGTERM:
                continue  # it would end the agent at once, whatever that still has to do
            try:
                os.kill(pid, number)
            except (ProcessLookupError, PermissionError):
                pass  # it has ended, or runs as somebody else

    def trim_logs(self) -> None:
        """Give the disk back what was written between the look that found too much and the end."""
        for log in self.logs:
            if os.fstat(log).st_size > LOG_LIMIT:
                os.ftruncate(log, LOG_LIMIT)


def bound_reached(spec: Spec, stop: bool, elapsed: float, quiet: float, size: int) -> str | None:
    """Why the agent must be ended now, if it must; times in seconds, `size` of its longest log in bytes."""
    if stop:
        return "stopped"
    if size > LOG_LIMIT:
        return "flood"
    if elapsed >= spec.timeout:
        return "timeout"
    return "stalled" if quiet >= spec.stall_timeout else None


def _open(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise NotStarted(f"{path}: {error.strerror}") from error


def _become_agent(spec: Spec, files: list[int], parent: int, go: int, complain: int) -> None:
    """In the child: turn into the agent, or say why not and end; it never returns."""
    where = "agent"
    try:
        os.setpgid(0, 0)
        if LINUX:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent or not os.read(go, 1):
            os._exit(127)  # our parent died, or could not write down that we run
        for target, source in enumerate(files):
            os.dup2(source, target)
        # Python ignores the first two, a shell the others of what it starts in the background; ignored they would stay.
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        where = spec.cwd
        os.chdir(spec.cwd)
        where = spec.argv[0]
        os.execvpe(spec.argv[0], spec.argv, spec.env)  # noqa: S606  (that no shell is between is the point)
    except BaseException as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        os.write(complain, f"{where}: {reason}".encode("utf-8", "replace"))
    finally:
        os._exit(127)


def prctl(option: int, value: int) -> None:
    # What it refuses (an old kernel) costs a safety net, not the run.
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def descendants(roots: list[int]) -> list[int]:
    """All processes below `roots`, by one walk through /proc; zombies are among them."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    stat = file.read()
            except OSError:
                continue  # ended meanwhile
            children.setdefault(int(stat.rpartition(b")")[2].split()[1]), []).append(int(name))
    found: list[int] = []
    todo = list(roots)
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def identity(pid: int) -> str | None:
    """The same words as `waves.foundation.process.identity`, which cannot be imported here; None without /proc."""
    try:
        with open(f"/proc/{pid}/stat") as stat, open("/proc/sys/kernel/random/boot_id") as boot:
            return f"{boot.read().strip()}/{stat.read().rpartition(')')[2].split()[19]}"
    except OSError:
        return None


def write(path: str, value: dict[str, object]) -> None:
    """Replace `path` whole or not at all."""
    temporary = f"{path}.new"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def lock(directory: str) -> str | None:
    """Take the run for this process's life. An empty text: it is somebody else's; None: taken; else the system's fault.

    A record lock, on purpose: children do not inherit it (with `flock` a forked child would hold it until its exec), it
    ends with this very process, and F_GETLK asks who holds it without taking it, so that no look can make this fail.
    """
    handle = os.open(f"{directory}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)  # open until we end
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return ""
    except OSError as error:
        return f"lock: {error.strerror}"
    taken = any(os.path.exists(f"{directory}/{name}") for name in ("started.json", "exit.json"))
    return "" if taken else None


def run(home: Home, signals: Signals) -> dict[str, object]:
    """The whole life of the agent; what `exit.json` is to say."""
    started = time.time()
    try:
        agent = Agent(home, Spec(home.directory), signals)
    except NotStarted as complaint:
        return ending("not-started", started, error=str(complaint))
    reason = agent.watch()
    agent.end(grace=0.0 if reason in ("exited", "gone") else GRACE)
    agent.trim_logs()
    return ending(reason, started, agent.status)


def ending(reason: str, started: float | None = None, status: int | None = None, error: str = "") -> dict[str, object]:
    """What `exit.json` says; `status` as wait(2) gives it, times in seconds since 1970, memory in bytes."""
    code = None if status is None else os.waitstatus_to_exitcode(status)
    now = time.time()
    return {
        "reason": reason, "error": error, "started": now if started is None else started, "ended": now,
        "code": code if code is not None and code >= 0 else None,
        "signal": -code if code is not None and code < 0 else None,
        "peak_memory": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1024 if LINUX else 1),
    }  # fmt: skip


def main(directory: str) -> None:
    """Be the parent of the run in `directory`, once; a second call for the same run ends at once and does nothing."""
    os._exit(0 if _main(directory) else 1)  # nothing is left to tidy, and somebody waits for the lock


def _main(directory: str) -> bool:
    refused = lock(directory)
    if refused == "":
        return False
    signals = Signals()
    if LINUX:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        prctl(PR_SET_DUMPABLE, 0)  # what it inherits by name is for the agent, not for whatever that runs
    home = Home(directory)
    outcome = run(home, signals) if refused is None else ending("not-started", error=refused)
    signals.stop = False
    for _ in range(WRITE_ATTEMPTS):
        if home.is_gone():
            break  # what has its name now is another run's
        try:
            write(f"{directory}/exit.json", outcome)
            return True
        except OSError:
            signals.wait(1.0)
            if signals.stop:
                break
    return False  # without exit.json this run counts as one that died, never as one that ended well
