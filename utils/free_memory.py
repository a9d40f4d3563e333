"""How much memory the system has left for this process."""

from collections.abc import Iterator
from pathlib import Path

PROCESS, MACHINE = Path("/proc/self/cgroup"), Path("/proc/meminfo")
GROUPS = Path("/sys/fs/cgroup")
# what a control group's limit, use and idle cache of files are called, in version 2 and 1
FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def memory_left() -> int | None:
    """How many bytes this process may still take; None where the system does not tell."""
    if not MACHINE.exists():
        return None
    found = [1024 * numbers_of(MACHINE)["MemAvailable:"]]
    return min(found + [left for group in groups() for left in left_in(group)])


def groups() -> Iterator[Path]:
    """The control groups that this process is in: every one of them limits it."""
    lines = PROCESS.read_text().splitlines() if PROCESS.exists() else []
    for _, controllers, path in (line.split(":", 2) for line in lines):
        if controllers in ("", "memory"):
            top = GROUPS / controllers
            group = top / path.strip("/")  # where a container does not see its own, only the top
            yield from (group, *(above for above in group.parents if above.is_relative_to(top)))


def left_in(group: Path) -> Iterator[int]:
    """How many bytes a control group has left, if it has a limit."""
    for limit, used, cache in FILES:
        if (group / limit).exists() and (most := (group / limit).read_text().strip()) != "max":
            taken = int((group / used).read_text()) - numbers_of(group / "memory.stat")[cache]
            yield int(most) - taken


def numbers_of(path: Path) -> dict[str, int]:
    """The numbers in a file of the system, by the words that are before them."""
    rows = (line.split() for line in path.read_text().splitlines())
    return {row[0]: int(row[1]) for row in rows}
