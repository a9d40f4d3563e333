"""The options that a run records, as text and as values."""

from argparse import Namespace
from typing import Any

from model.methods import METHODS
from options.applicable import RESTART_OPTIONS, options_of_others
from options.flag import RUNS, Group
from options.flags import FLAGS
from options.groups.output import OUTPUT_OPTIONS
from options.text import to_argument, to_setting
from utils.json_text import json_value
from utils.text import printable_line


def training_settings(args: Namespace) -> dict[str, str]:
    """Return the options that the steps and averages of a training depend on as text, by name."""
    texts = {"method": to_argument(args.method)}
    for name in METHODS[args.method].options:
        place = FLAGS[name].names_run
        if place and name != "epochs" and (not place.only_with or getattr(args, place.only_with)):
            texts[name] = to_argument(getattr(args, name))
    return texts


def reading_settings(args: Namespace) -> dict[str, str]:
    """Return the options that the values of the cube depend on as text, by name."""
    flags = [flag for flag in FLAGS.values() if flag.group is Group.READING and flag.names_run]
    return {flag.name: to_setting(getattr(args, flag.name)) for flag in flags}


def format_options(args: Namespace) -> str:
    """Format all options that the method uses, one per line."""
    return "".join(f"{name}: {text}\n" for name, text in option_texts(args).items())


def option_texts(args: Namespace) -> dict[str, str]:
    """Return all options that the method uses, as they are typed, by name."""
    return {
        name: printable_line(to_argument(value))
        for name, value in used_options(args).items()
        if value is not None
    }


def option_values(args: Namespace) -> dict[str, Any]:
    """Return all options that the method uses as values for JSON, None where there is none."""
    return {name: json_value(value) for name, value in used_options(args).items()}


def used_options(args: Namespace) -> dict[str, Any]:
    """Return the options that the method and the command use, by name."""
    unused = {*options_of_others(args.method), *RESTART_OPTIONS, *OUTPUT_OPTIONS}
    unused |= {name for name, flag in FLAGS.items() if not {*flag.commands} & {*RUNS}}
    if not METHODS[args.method].trained or args.command == "predict":
        unused |= {"save_freq", "eval_freq"}
    return {name: value for name, value in vars(args).items() if name not in unused}
