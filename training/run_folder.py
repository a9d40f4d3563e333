"""Run folders and their names, which consist of the options of the training."""

import os
import re
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data.scene import Scene
from model.methods import METHODS
from options.applicable import unused_by
from options.flags import FLAGS
from options.parse import non_default
from options.run_names import run_name_options
from options.text import command_line, digest_of, shorten
from utils.errors import InputError

LONGEST_NAME = 255  # bytes of the name of a file
LONGEST_STEM = 238  # which leaves room for epochs of ten digits and the ending


@dataclass(frozen=True)
class Run:
    """The folder of one training on the scene `dataset`; `model` has its weights.

    `title` is that of the method.
    """

    folder: Path
    title: str
    dataset: str
    model: str = "model"

    @property
    def stem(self) -> str:
        """The beginning of the names of its files, which leaves room for epoch and ending."""
        return shorten(f"{self.title}_{self.dataset}", most=LONGEST_STEM)

    def weights(self, epoch: int | str) -> Path:
        """Return the path of the checkpoint after `epoch` epochs, or `auto`."""
        return self.folder / self.model / f"{self.stem}_{epoch}.pkl"

    def state(self, epoch: int) -> Path:
        """Return the path of the training state after `epoch` epochs."""
        return self.folder / self.model / f"{self.stem}_{epoch}.state"

    def states(self) -> dict[int, Path]:
        """Find the existing states by their epochs, the latest first."""
        return self.saved("state")

    def saved(self, ending: str) -> dict[int, Path]:
        """Return the existing files of an ending by their epochs, the latest first."""
        pattern = re.compile(rf"{re.escape(self.stem)}_(\d+)\.{ending}")
        files = (self.folder / self.model).glob(f"*.{ending}")
        matched = ((pattern.fullmatch(file.name), file) for file in files)
        found = {int(match[1]): file for match, file in matched if match}
        return dict(sorted(found.items(), reverse=True))

    @property
    def logs(self) -> Path:
        """The folder of `log.txt` and of the TensorBoard events."""
        return self.folder / "logs"


def run_name(title: str, options: Mapping[str, str]) -> str:
    """Name the run of a method with this title and these options, in their order.

    Where that is longer than the name of a file may be, a digest stands for the options that are
    not always named, so that the epochs and the devices are found in every name.
    """
    name = join_name(title, options)
    if len(os.fsencode(name)) <= LONGEST_NAME:
        return name
    labels = {flag.label for flag in FLAGS.values() if flag.names_run and flag.names_run.always}
    kept = {label: value for label, value in options.items() if label in labels}
    others = {label: value for label, value in options.items() if label not in labels}
    return join_name(title, {**kept, "options": digest_of(join_name("", others))})


def join_name(title: str, options: Mapping[str, str]) -> str:
    """Join the title of a method and its options to a name."""
    return "_".join([title, *(f"{option}_{value}" for option, value in options.items())])


def runs_differing_in_epochs(run: Run) -> list[Run]:
    """Return the runs that differ in their number of epochs only."""
    number = re.compile(r"(?<=_epoch_)\d+")
    return [
        Run(folder, run.title, run.dataset)
        for folder in run.folder.parent.glob(f"{run.title}_*epoch_*")
        if folder != run.folder and number.sub("", folder.name) == number.sub("", run.folder.name)
    ]


def run_from_other_device(run: Run, *, epoch: int | str) -> Run:
    """Find the weights of `epoch` whichever devices trained them.

    The run itself if it has them, else the latest that differs in its devices only; the run itself
    again if there is none.
    """
    if run.weights(epoch).is_file():
        return run
    devices = re.compile(r"_gpu_ids_-?\d+(_\d+)*")
    alike = [
        Run(folder, run.title, run.dataset)
        for folder in run.folder.parent.glob(f"{run.title}_*")
        if devices.sub("", folder.name) == devices.sub("", run.folder.name)
    ]
    trained = [other for other in alike if other.weights(epoch).is_file()]
    return max(trained, key=lambda other: other.weights(epoch).stat().st_mtime, default=run)


def run_for(args: Namespace, scene: Scene) -> Run:
    """Name the run of these options, or by --name; it need not exist."""
    title = METHODS[args.method].title
    name = args.name or run_name(title, run_name_options(args))
    return Run(args.checkpoint_dir / scene.name / name, title, scene.name)


def missing_weights(args: Namespace, path: Path) -> InputError:
    """Return the error of a missing checkpoint, with the command that makes it."""
    runs = path.parents[2]  # of this scene
    found = ", ".join(sorted(run.name for run in runs.glob("*") if run.is_dir())) or "none"
    named = {"dataset": args.dataset, "method": args.method, **non_default(args)}
    kept = {name: value for name, value in named.items() if name not in unused_by("train")}
    command = command_line({**kept, "command": "train"})
    return InputError(
        f"no checkpoint '{path}'; this makes it: {command} (runs in '{runs}': {found})"
    )
