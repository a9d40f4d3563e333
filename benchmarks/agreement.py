"""Agreement of a device with the CPU, and of trainings with themselves, method by method.

python benchmarks/agreement.py --device cuda --size 24 24 40

A synthetic scene is scored by every method on the device and on the CPU. Networks are trained for
a few epochs from the same weights, on the device three times: to the end twice, and once stopped
in the middle and restored from its state. Prints a line for each method as it ends: the largest
differences of the first losses and of the scores from those of the CPU in fp32, relative to the
largest; whether the second and the restored training are equal to the first, to the bit; and the
seconds of an epoch on the device, or of a map without training. Where a training takes no CUDA
graph although it could, the reason is printed as a warning.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common import SEED, add_machine, machine, synchronise, timed
from data.synthetic import synthetic_scene
from model.build import build_detector
from model.detector import Detector
from model.image import cube_to_image
from model.methods import METHODS
from model.methods.method import PRECISIONS
from model.precision import available_precision
from model.trainers.trainer import Trainer
from options.parse import resolve
from utils.seeds import random_states, restore_random_states, seed_everything

CPU = torch.device("cpu")
DEFAULT_METHODS = [name for name, method in METHODS.items() if not method.variant_of]
COMPARED_LOSSES = 3  # later ones amplify differences of rounding
# what networks do now and then, within the few epochs
EARLY = {"reweight_every": 3, "search_every": 3}
LINE = "{:<12} {:>9} {:>9} {:>9} {:>7} {:>9} {:>9}"
HEADINGS = ("", "precision", "Δ losses", "Δ scores", "again", "resumed", "seconds")


@dataclass
class Case:
    """A method on an image (1, B, H, W), in a precision where it has one, with its epochs."""

    method: str
    image: Tensor
    precision: str = ""
    epochs: int = 0

    def build(self, device: torch.device) -> Detector:
        """Build the method with its own options, always with the same weights."""
        record = METHODS[self.method]
        given: dict[str, Any] = {name: value for name, value in EARLY.items() if record.has(name)}
        if self.precision:
            given["precision"] = self.precision
        method, options = resolve({"method": self.method, **given})
        seed_everything(SEED)
        return build_detector(method, self.image.shape, device=device, options=options)


@dataclass
class Outcome:
    """The losses of a training, if any, the map (H, W), and the seconds of an epoch or the map."""

    losses: list[float]
    scores: Tensor
    seconds: float

    def __eq__(self, other: object) -> bool:
        """Compare to the bit."""
        return (
            isinstance(other, Outcome)
            and self.losses == other.losses
            and torch.equal(self.scores, other.scores)
        )


def outcome(case: Case, device: torch.device) -> Outcome:
    """Train, if the method is trained, and score."""
    detector = case.build(device)
    if isinstance(detector, Trainer):
        return trained(detector, case)
    (scores, _), seconds = timed(lambda: detector.detect(case.image), device)
    return Outcome([], scores, seconds)


def trained(trainer: Trainer, case: Case) -> Outcome:
    """Train up to the epochs of a case, and score."""
    losses, ends = [], [time.perf_counter()]
    for _, loss in trainer.train(case.image, epochs=case.epochs):
        synchronise(trainer.device)
        losses.append(loss)
        ends.append(time.perf_counter())
    seconds = [end - start for start, end in zip(ends, ends[1:], strict=False)]
    scores, _ = trainer.detect_trained(case.image)
    return Outcome(losses, scores, median(seconds[len(seconds) // 2 :]))


def resumed(case: Case, device: torch.device) -> Outcome:
    """Train as `outcome`, but stop in the middle and restore another trainer from the state."""
    first, second = case.build(device), case.build(device)
    assert isinstance(first, Trainer) and isinstance(second, Trainer)
    half = case.epochs // 2
    losses = []
    for epoch, loss in first.train(
        case.image, epochs=case.epochs, observed=lambda epoch: epoch == half
    ):
        losses.append(loss)
        if epoch == half:
            break
    state, drawn = first.state(), random_states()
    second.restore(state)
    restore_random_states(drawn)
    rest = trained(second, case)
    return replace(rest, losses=losses + rest.losses)


def row(case: Case, device: torch.device) -> str:
    """Compare a method on a device with the CPU and with itself, and format the line."""
    own, again = outcome(case, device), outcome(case, device)
    cpu = outcome(replace(case, precision=case.precision and "fp32"), CPU)
    trains = METHODS[case.method].trained
    return LINE.format(
        case.method,
        case.precision,
        apart(own.losses[:COMPARED_LOSSES], cpu.losses[:COMPARED_LOSSES]) if trains else "",
        apart(own.scores, cpu.scores),
        verdict(again == own),
        verdict(resumed(case, device) == own) if trains else "",
        f"{own.seconds:.4f}",
    )


def apart(own: Sequence[float] | Tensor, cpu: Sequence[float] | Tensor) -> str:
    """Format the largest difference, relative to the largest value of the CPU."""
    expected = torch.as_tensor(cpu, dtype=torch.float64)
    difference = (torch.as_tensor(own, dtype=torch.float64) - expected).abs().max()
    return f"{difference / expected.abs().max():.1e}"


def verdict(same: bool) -> str:
    """Return the word for two results that are the same to the bit, or not."""
    return "equal" if same else "differs"


def cases(
    methods: Sequence[str], image: Tensor, *, epochs: int, device: torch.device
) -> list[Case]:
    """List the methods, those that have a precision once in each that the device has."""
    there = [name for name in PRECISIONS if available_precision(name, device) == name]
    return [
        Case(method, image, precision, epochs)
        for method in methods
        for precision in (there if METHODS[method].has("precision") else [""])
    ]


def main(words: Sequence[str] | None = None) -> None:
    """Print the machine and the table, line by line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, nargs=3, default=(24, 24, 40), metavar=("H", "W", "B"))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=DEFAULT_METHODS)
    parser.add_argument("--epochs", type=int, default=8)
    add_machine(parser)
    options = parser.parse_args(words)
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    image = cube_to_image(synthetic_scene(*options.size).scaled_cube())
    print(f"{'×'.join(map(str, options.size))}, {machine(device)}")
    print(LINE.format(*HEADINGS))
    for case in cases(options.methods, image, epochs=options.epochs, device=device):
        try:
            print(row(case, device).rstrip(), flush=True)
        except ValueError as error:
            print(f"{case.method:<12} {error}", flush=True)


if __name__ == "__main__":
    main()
