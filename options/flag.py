"""The record of a flag, and what follows from one record alone."""

from argparse import SUPPRESS, ArgumentTypeError
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from options.ranges import Type
from options.text import to_argument, to_filename
from utils.errors import InputError

COMMANDS = (
    "train",
    "predict",
    "run",
    "reproduce",
    "info",
    "scenes",
    "runs",
    "blindspot",
    "compare",
)
RUNS = ("train", "predict", "run")
COMPUTING = (*RUNS, "reproduce")
WITH_SCENES = (*COMPUTING, "info", "compare")
WITH_NETWORKS = (*COMPUTING, "blindspot")
NO_DEFAULT = SUPPRESS  # the option is not among those of a parsed command line unless given


class Group(Enum):
    """The groups of `--help`, in its order."""

    TASK = "what to do"
    READING = "how a scene is read"
    PREDICTION = "prediction"
    TRAINING = "training"
    NETWORK = "network"
    UNTRAINED = "methods without training"
    TABLES = "tables (--command reproduce)"
    KNOWN_SCENES = "known scenes (--command scenes)"
    FOLDERS = "folders"
    OUTPUT = "output"


@dataclass(frozen=True)
class RunName:
    """The place of an option in the names of runs.

    Options stand in the order of `position`, which no two share and which is never changed: old
    runs are found by their names. A fraction is a place between two others. Those that are not
    `always` named are so where they are not at their defaults, those that count `only_with` another
    option where that one is not either. `label` is another name for the option, `separator` stands
    between several values.
    """

    position: float
    always: bool = False
    label: str | None = None
    separator: str = "-"
    only_with: str = ""


@dataclass(frozen=True)
class Flag:
    """An option of the command line, with all that the program needs to know of it.

    `acts_in` is the module that the value ends up in. `commands` take the option, others refuse it.
    `names_run` is its place in the names of runs; the others do not change a training. One that
    `names_prediction` is part of the names of predictions where it is not at its default; trained
    weights do without one that `trains_only`. `nargs` is that of argparse; a switch takes no value.
    Whether it is an option of a method, and its default where that is the method's own, stands in
    model/methods/.
    """

    name: str
    type: Type
    default: Any
    help: str
    acts_in: str
    group: Group
    commands: tuple[str, ...] = COMMANDS
    metavar: str | None = None
    nargs: str | None = None
    switch: bool = False
    names_run: RunName | None = None
    names_prediction: bool = False
    trains_only: bool = False

    def check(self, value: object) -> Any:
        """Convert a value of TOML or Python; raise InputError where it is out of range."""
        try:
            return self.type(value)
        except ArgumentTypeError as error:
            raise InputError(f"argument --{self.name}: {error}") from None

    @property
    def label(self) -> str:
        """The name of the option in the names of runs and of predictions."""
        return (self.names_run and self.names_run.label) or self.name

    def in_names(self, value: object) -> str:
        """Format a value for the names of runs and of predictions."""
        separator = self.names_run.separator if self.names_run else "-"
        return to_filename(value, separator)

    @property
    def full_help(self) -> str:
        """The help with the default, where there is one."""
        if self.default in (None, NO_DEFAULT):
            return self.help
        return f"{self.help} (default: {to_argument(self.default)})"

    def parser_arguments(self) -> dict[str, Any]:
        """Return the arguments of `ArgumentParser.add_argument`."""
        common = {"default": self.default, "help": self.full_help.replace("%", "%%")}
        if self.switch:
            return {**common, "action": "store_true"}
        optional_value = {"const": True} if self.nargs == "?" else {}
        return {
            **common,
            **optional_value,
            "type": self.type,
            "nargs": self.nargs,
            "metavar": self.metavar or self.type.metavar,
            "choices": self.type.choices or None,
        }


# those that several files of options/groups/ have flags of
network_flag = partial(Flag, group=Group.NETWORK, commands=COMPUTING)
training_flag = partial(Flag, group=Group.TRAINING, commands=COMPUTING)
