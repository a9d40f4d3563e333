"""Memory available to this process."""

from collections.abc import Iterator
from pathlib import Path

PROCESS, MACHINE = Path("/proc/self/cgroup"), Path("/proc/meminfo")
CGROUPS = Path("/sys/fs/cgroup")
# what a control group's limit, use and idle cache of files are called, in version 2 and 1
FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def available_memory() -> int | None:
    """Return the bytes available to this process; None where the system does not report them."""
    if not MACHINE.exists():
        return None
    found = [1024 * read_counters(MACHINE)["MemAvailable:"]]
    return min(found + [left for group in cgroups() for left in cgroup_available(group)])


def cgroups() -> Iterator[Path]:
    """Yield the control groups of this process: each of them limits it."""
    lines = PROCESS.read_text().splitlines() if PROCESS.exists() else []
    for _, controllers, path in (line.split(":", 2) for line in lines):
        if controllers in ("", "memory"):
            top = CGROUPS / controllers
            group = top / path.strip("/")  # where a container does not see its own, only the top
            yield from (group, *(above for above in group.parents if above.is_relative_to(top)))


def cgroup_available(group: Path) -> Iterator[int]:
    """Yield the bytes available in a control group, if it has a limit."""
    for limit, used, cache in FILES:
        if (group / limit).exists() and (most := (group / limit).read_text().strip()) != "max":
            taken = int((group / used).read_text()) - read_counters(group / "memory.stat")[cache]
            yield int(most) - taken


def read_counters(path: Path) -> dict[str, int]:
    """Read the numbers of a system file by their names."""
    rows = (line.split() for line in path.read_text().splitlines())
    return {row[0]: int(row[1]) for row in rows}
