"""Checks of which options apply to a command and to a method."""

from collections.abc import Mapping

from model.methods import METHODS
from model.methods.method import SHORTHANDS
from options.flags import FLAGS
from utils.errors import InputError

RESTART_OPTIONS = ("resume", "overwrite")  # state what becomes of an earlier training


def check_command(given: Mapping[str, object], command: str) -> None:
    """Raise InputError for an option that the command does not take."""
    for option in given:
        if option in unused_by(command):
            raise InputError(f"--{option} does not apply to --command {command}")
    if set(RESTART_OPTIONS) <= set(given):
        raise InputError("--resume continues a training and --overwrite starts again: give one")
    if {"quiet", "verbose"} <= set(given):
        raise InputError("--quiet prints less and --verbose more: give one")


def unused_by(command: str) -> set[str]:
    """List the options that a command does not take."""
    return {name for name, flag in FLAGS.items() if command not in flag.commands}


def concerns_one_method(given: Mapping[str, object], command: str) -> bool:
    """Return whether the options are those of a single method."""
    if command == "blindspot":  # without a method it is of all networks, each with its own options
        return "method" in given
    if command == "predict" and {"weights", "name"} & {*given} and "method" not in given:
        return False  # the method is that of the training, as its record says
    # a table has its own methods, and completes their options
    return command not in ("reproduce", "scenes", "runs", "compare")


def check_applicable(given: Mapping[str, object], name: str) -> None:
    """Raise InputError for an option that other methods have, but not this one."""
    method = METHODS[name]
    for option in ("weights", *RESTART_OPTIONS):
        if option in given and not method.trained:
            raise InputError(
                f"--{option} does not apply to --method {name}, which needs no training"
            )
    for option in given:
        if option in method_option_names() and not method.has(option):
            own = ", ".join(f"--{option}" for option in method.options) or "no options"
            raise InputError(f"--{option} does not apply to --method {name} (it has {own})")


def options_of_others(name: str) -> set[str]:
    """List the options that other methods have, but not this one."""
    return method_option_names() - {*METHODS[name].options}


def method_option_names() -> set[str]:
    """List the options that some method has."""
    return {option for method in METHODS.values() for option in method.options} | {*SHORTHANDS}
