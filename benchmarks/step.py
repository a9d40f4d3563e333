"""Time a training step and a reconstruction: the plain formulation (`reference.py`) and ours.

python benchmarks/step.py --size 100 100 200 --threads 2 --rounds 9

Ours is measured in every precision that the device has. The networks take turns round by round,
each time in another order, so that what else the machine does falls on all of them; a ratio is that
of two times of one round, given as the median over the rounds with its quartiles.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.common import WARM_UP, add_machine, image_for, machine, timed, trainer_of
from benchmarks.reference import PlainTrainer
from model.methods.method import PRECISIONS
from model.precision import available_precision, switch_tf32
from model.trainers.trainer import Trainer

MISSING = {
    "tf32": "tf32 is left out: only CUDA devices have it",
    "bf16": "bf16 is left out: this CPU has no bf16 instructions and would emulate them",
}
LINE = "{:<11} {:>8}  {:<18} {:>9}  {:<18} {:>8} {:>8}"
HEADINGS = ("", "step, s", "plain / it", "predict, s", "plain / it", "Δ loss", "Δ output")


@dataclass
class Candidate:
    """A trainer with its image (1, B, H, W), and the times and results of its rounds."""

    name: str
    trainer: Trainer | PlainTrainer
    image: Tensor
    tf32: bool = False  # of the baseline
    steps: list[float] = field(default_factory=list)  # seconds
    reconstructions: list[float] = field(default_factory=list)  # seconds
    losses: list[float] = field(default_factory=list)
    output: Tensor = field(default_factory=lambda: torch.empty(0))

    def __post_init__(self) -> None:
        # one training over all rounds: what it prepares once does not count
        self.training = self.trainer.train(self.image, epochs=sys.maxsize)

    def take_round(self) -> None:
        """Measure a training step and a reconstruction.

        Ours sets the switches of its precision and kernels itself; the baseline has PyTorch's
        kernels, which need not be repeatable, with or without tf32 in all products.
        """
        device = self.trainer.device
        torch.use_deterministic_algorithms(False)
        torch.backends.cudnn.deterministic = torch.backends.cudnn.benchmark = False
        with switch_tf32(self.tf32):
            self.measure_round(device)

    def measure_round(self, device: torch.device) -> None:
        """Measure with the switches as they are."""
        (_, loss), seconds = timed(lambda: next(self.training), device)
        self.losses.append(loss)
        self.steps.append(seconds)
        self.output, seconds = timed(lambda: self.trainer.reconstruct(self.image), device)
        self.reconstructions.append(seconds)

    def warm_up(self) -> None:
        """Take rounds that are not measured."""
        for _ in range(WARM_UP[self.trainer.device.type]):
            self.take_round()
        self.steps, self.reconstructions, self.losses = [], [], []


def candidates(
    size: Sequence[int], *, precisions: Sequence[str], device: torch.device, channels: int = 64
) -> list[Candidate]:
    """Build the baseline and ours in each precision, for an image of `size` (H, W, B)."""
    entries = []
    tf32 = ["plain tf32"] if device.type == "cuda" else []
    for name in ["plain", *tf32, *precisions]:
        kind = name.split()[0]
        image = image_for(kind, *size)
        trainer = trainer_of(kind, image, device=device, channels=channels)
        shown = name if kind == "plain" else f"ours {name}"
        entries.append(Candidate(shown, trainer, image, tf32=name == "plain tf32"))
    return entries


def run_rounds(entries: Sequence[Candidate], *, rounds: int) -> None:
    """Let all take turns, in each round another of them first."""
    for candidate in entries:
        candidate.warm_up()
    for number in range(rounds):
        first = number % len(entries)
        for candidate in [*entries[first:], *entries[:first]]:
            candidate.take_round()


def ratio(baseline: Sequence[float], own: Sequence[float]) -> str:
    """Format the speed-up over the baseline: the median over the rounds and its quartiles."""
    low, middle, high = np.percentile(np.divide(baseline, own), (25, 50, 75))
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def table(entries: Sequence[Candidate]) -> Iterator[str]:
    """Yield a heading and a line for each: seconds, and the comparison with the first."""
    yield LINE.format(*HEADINGS)
    for one in entries:
        seconds = [f"{np.median(taken):.4f}" for taken in (one.steps, one.reconstructions)]
        faster = ["", "", "", ""] if one is entries[0] else comparison(one, entries[0])
        yield LINE.format(one.name, seconds[0], faster[0], seconds[1], *faster[1:]).rstrip()


def comparison(one: Candidate, plain: Candidate) -> list[str]:
    """Format the ratios of both times and the largest differences of losses and last output."""
    loss = np.abs(np.subtract(one.losses, plain.losses)).max()
    output = (one.output - plain.output).abs().max()
    return [
        ratio(plain.steps, one.steps),
        ratio(plain.reconstructions, one.reconstructions),
        f"{loss:.1e}",
        f"{output:.1e}",
    ]


def main(words: Sequence[str] | None = None) -> None:
    """Print the machine and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--size", type=int, nargs=3, default=(100, 100, 200), metavar=("H", "W", "B")
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=PRECISIONS)
    add_machine(parser)
    options = parser.parse_args(words)
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    print(f"{'×'.join(map(str, options.size))}, median of {options.rounds} rounds")
    print(machine(device))
    there = [name for name in options.precision if available_precision(name, device) == name]
    print(*(MISSING[name] for name in options.precision if name not in there), sep="\n")
    entries = candidates(options.size, precisions=there, device=device)
    run_rounds(entries, rounds=options.rounds)
    print(*table(entries), sep="\n")


if __name__ == "__main__":
    main()
