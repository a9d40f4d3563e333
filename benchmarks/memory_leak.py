"""Growth of memory and of open files in a long training.

python benchmarks/memory_leak.py --epochs 20000

Trains on a small scene by the command line, in a process of its own, and samples that every few
seconds. Prints the medians of memory and open files in each quarter of the time. Needs Linux.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import main as command_line
from data.synthetic import synthetic_scene
from data.writing import write_scene

NETWORK = ("--nch_ker", "4", "--nblk", "2", "--gpu_ids", "-1")
WARM = 10  # seconds in which libraries are loaded


def samples(process: "subprocess.Popen[bytes]", seconds: float) -> Iterator[tuple[float, int]]:
    """Yield memory in MiB and number of open files of a process, every so many seconds."""
    own = Path(f"/proc/{process.pid}")
    while process.poll() is None:
        rows = (line.split() for line in (own / "status").read_text().splitlines())
        sizes = {row[0]: row[1] for row in rows if len(row) > 1}
        if "VmRSS:" in sizes:  # it has none when it has just ended
            yield int(sizes["VmRSS:"]) / 1024, len(list((own / "fd").iterdir()))
        time.sleep(seconds)


def train_and_sample(epochs: int, folder: Path, *, seconds: float) -> list[tuple[float, int]]:
    """Train for so many epochs in a process; return the samples of its memory and open files."""
    (folder / "data").mkdir()
    write_scene(synthetic_scene(16, 16, bands=10, seed=1), folder / "data" / "small.mat")
    words = ["--command", "train", "--dataset", "small", "--epochs", str(epochs), *NETWORK]
    command = [sys.executable, command_line.__file__, *words]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL) as process:
        time.sleep(WARM)
        found = list(samples(process, seconds))
    if process.returncode:
        raise SystemExit(f"the training ended with exit code {process.returncode}")
    return found


def quarters(found: list[tuple[float, int]]) -> Iterator[str]:
    """Yield a line for each quarter of the samples."""
    yield "quarter  memory, MiB  open files"
    for number in range(4):
        part = found[number * len(found) // 4 : (number + 1) * len(found) // 4]
        if not part:  # a training too short for a sample in each quarter
            continue
        memory, files = (median(values) for values in zip(*part, strict=True))
        yield f"{number + 1:<8} {memory:>11.1f}  {files:>10g}"


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=1, help="from one sample to the next")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = train_and_sample(options.epochs, Path(folder), seconds=options.seconds)
    print(*quarters(found), sep="\n")


if __name__ == "__main__":
    main()
