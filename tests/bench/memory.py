"""How much memory a process held at most."""

from pathlib import Path


def peak_megabytes(pid: int | str = "self") -> int:
    """The most memory in MB that this process ever held, by Linux.

    Not getrusage's: a process that another one started begins with that one's peak there.
    """
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024
