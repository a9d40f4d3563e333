"""Growth of time and memory with the number of pixels, of the reference and of ours.

python benchmarks/scaling.py --limit 20 --threads 2

Each size is measured in a process of its own: the seconds of a training step and of a
reconstruction (medians of up to three), and the most memory in use meanwhile, less what the process
had once all was loaded and a step on a small image was done. Sizes grow until one takes longer
than the limit.
An exponent is the slope of log time or log memory over log pixels in the upper half of the sizes.
"""

import argparse
import itertools
import math
import multiprocessing
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common import (
    WARM_UP,
    Result,
    add_machine,
    image_for,
    machine,
    timed,
    trainer_of,
)
from detection.figures.curves import BLUE, VERMILION
from experiments.cost import PeakMemory
from utils.files import atomic_write
from utils.free_memory import available_memory

REPEATS = 3
COPIES = 5  # of the similarities of two blocks, in use at once where a step needs most
LABELS = {"plain": "plain", "fp32": "ours"}
COLOURS = {"plain": VERMILION, "fp32": BLUE}
MARKERS: dict[str, dict[str, Any]] = {  # that show where one lies upon the other
    "plain": {"marker": "s", "markersize": 7, "markerfacecolor": "white"},
    "fp32": {"marker": "o", "markersize": 4},
}
QUANTITIES = {"step": "step, s", "reconstruction": "predict, s", "memory": "memory, MiB"}
LINE = "{:<6} {:>8} {:>11} {:>11} {:>12}"


@dataclass(frozen=True)
class Point:
    """The seconds and the MiB of memory that an image of so many pixels took."""

    pixels: int
    step: float
    reconstruction: float
    memory: float
    spent: float  # seconds, on all that was measured


@dataclass(frozen=True)
class Setting:
    """The settings of all sizes."""

    bands: int
    threads: int
    device: str
    limit: float  # seconds that a size may take
    channels: int = 64


Work = Callable[[], Point]


def measure(name: str, side: int, setting: Setting) -> Point:
    """Take steps and reconstructions on an image of `side` × `side` pixels."""
    torch.set_num_threads(setting.threads)
    device = torch.device(setting.device)
    small, image = (image_for(name, edge, edge, setting.bands) for edge in (12, side))
    trainer = trainer_of(name, image, device=device, channels=setting.channels)
    for _ in trainer.train(small, epochs=1):
        trainer.reconstruct(small)
    memory = PeakMemory(device)
    before = memory.mebibytes() or math.nan
    training = trainer.train(image, epochs=sys.maxsize)
    for _ in range(WARM_UP["cuda"] if device.type == "cuda" else 0):
        next(training)
    rounds: list[tuple[float, float]] = []
    while len(rounds) < REPEATS and np.sum(rounds) <= setting.limit:
        _, step = timed(lambda: next(training), device)
        _, reconstruction = timed(lambda: trainer.reconstruct(image), device)
        rounds.append((step, reconstruction))
    after = memory.mebibytes() or math.nan
    step, reconstruction = (float(seconds) for seconds in np.median(rounds, axis=0))
    return Point(side**2, step, reconstruction, after - before, float(np.sum(rounds)))


def in_fresh_process(work: Callable[[], Result]) -> Result:
    """Do some work where nothing was done before."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work).result()


def sides() -> Iterator[int]:
    """Yield even numbers of pixels, each about √2 times the last: 24, 36, 50, 70, 100, …"""
    return (2 * round(12.5 * 2 ** (power / 2)) for power in itertools.count())


def grow(name: str, setting: Setting, run: Callable[[Work], Point]) -> Iterator[Point]:
    """Measure larger and larger images, until one takes too long or does not fit into memory."""
    points: list[Point] = []
    for side in sides():
        if memory_needed(name, side, points) > mebibytes_available(setting.device):
            print(f"{LABELS[name]:<6} {side**2:>8}  left out, it would not fit into memory")
            return
        try:
            points.append(run(partial(measure, name, side, setting)))
        except (BrokenProcessPool, torch.OutOfMemoryError):
            print(f"{LABELS[name]:<6} {side**2:>8}  given up, its process ran out of memory")
            return
        yield points[-1]
        if points[-1].spent > setting.limit:
            return


def grow_together(setting: Setting, run: Callable[[Work], Point]) -> dict[str, list[Point]]:
    """Measure all of a size before the next one, as other work on the machine changes; print it."""
    curves: dict[str, list[Point]] = {name: [] for name in LABELS}
    growing = {name: grow(name, setting, run) for name in LABELS}
    while growing:
        for name, points in list(growing.items()):
            point = next(points, None)
            if point is None:
                del growing[name]
            else:
                curves[name].append(point)
                print(row(name, point), flush=True)
    return curves


def memory_needed(name: str, side: int, points: Sequence[Point]) -> float:
    """Predict the memory of a size in MiB: similarities as counted, the rest as it grew so far."""
    counted = similarities if name == "plain" else lambda pixels: 0.0
    if not points:
        return counted(side**2)
    last = points[-1]
    rest = max(last.memory - counted(last.pixels), 0)
    return rest * side**2 / last.pixels + counted(side**2)


def similarities(pixels: int) -> float:
    """Count the MiB of the plain attention: in each of 36 sub-images, all tokens by all tokens."""
    return COPIES * 36 * (pixels / 36) ** 2 * 4 / 2**20


def mebibytes_available(device: str) -> float:
    """Return the MiB available to this process; a CUDA device raises when it has no more."""
    available = None if device == "cuda" else available_memory()
    return math.inf if available is None else available / 2**20


def exponent(pixels: Sequence[float], values: Sequence[float]) -> float:
    """Fit the slope of log value over log pixels, in the upper half of the sizes."""
    upper = slice(-max(2, math.ceil(len(pixels) / 2)), None)
    x, y = np.asarray(pixels[upper], float), np.asarray(values[upper], float)
    there = y > 0  # the memory of a small image may not show
    if np.count_nonzero(there) < 2:
        return math.nan
    return float(np.polyfit(np.log(x[there]), np.log(y[there]), 1)[0])


def exponents(points: Sequence[Point]) -> dict[str, float]:
    """Fit the exponent of each quantity."""
    pixels = [point.pixels for point in points]
    return {
        quantity: exponent(pixels, [getattr(point, quantity) for point in points])
        for quantity in QUANTITIES
    }


def row(name: str, point: Point) -> str:
    """Format a line of the table."""
    return LINE.format(
        LABELS[name],
        point.pixels,
        f"{point.step:.4f}",
        f"{point.reconstruction:.4f}",
        f"{point.memory:.1f}",
    )


def scaling_figure(curves: Mapping[str, Sequence[Point]], *, title: str) -> Figure:
    """Draw times and memory over the number of pixels, both axes logarithmic."""
    figure = Figure(figsize=(8.6, 4.4), layout="constrained")
    time, memory = figure.subplots(1, 2)
    for name, points in curves.items():
        draw(time, name, points, "step", "-")
        draw(time, name, points, "reconstruction", "--")
        draw(memory, name, points, "memory", "-")
    time.set(ylabel="time (s)")
    memory.set(ylabel="peak memory (MiB)")
    for axes in (time, memory):
        axes.set(xscale="log", yscale="log", xlabel="number of pixels")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:,.10g}")
            axis.set_minor_formatter(NullFormatter())
        axes.grid(which="major", alpha=0.4)
        axes.grid(which="minor", alpha=0.15)
        axes.legend(loc="upper left", frameon=False, fontsize="small")
        axes.set_ymargin(0.05)
        low, high = axes.get_ylim()
        axes.set_ylim(low, high * (high / low) ** 0.25)  # room for the legend
    figure.suptitle(title, fontsize="medium")
    return figure


def draw(axes: Axes, name: str, points: Sequence[Point], quantity: str, dashes: str) -> None:
    """Draw one quantity of one network; the legend has its exponent."""
    pixels = [point.pixels for point in points]
    values = [getattr(point, quantity) for point in points]
    power = exponent(pixels, values)
    what = {"step": ", training step", "reconstruction": ", reconstruction"}.get(quantity, "")
    axes.plot(
        pixels,
        values,
        label=f"{LABELS[name]}{what}: $N^{{{power:.2f}}}$",
        color=COLOURS[name],
        **MARKERS[name],
        linestyle=dashes,
        linewidth=1.6,
    )


def main(words: Sequence[str] | None = None) -> None:
    """Print the table and draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=float, default=20, help="seconds a size may take")
    parser.add_argument("--bands", type=int, default=200)
    parser.add_argument("--figure", type=Path, default=Path("figs/scaling.png"))
    add_machine(parser)
    options = parser.parse_args(words)
    torch.set_num_threads(options.threads)  # for the line on the machine; each process sets its own
    setting = Setting(options.bands, options.threads, options.device, options.limit)
    title = f"{options.bands} bands; {machine(torch.device(options.device))}"
    print(title, LINE.format("", "pixels", *QUANTITIES.values()), sep="\n")
    curves = grow_together(setting, in_fresh_process)
    for name, points in curves.items():
        powers = (f"N^{power:.2f}" for power in exponents(points).values())
        print(LINE.format(LABELS[name], "exponent", *powers))
    options.figure.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(options.figure) as file:
        scaling_figure(curves, title=title).savefig(file, format="png", dpi=200)


if __name__ == "__main__":
    main()
