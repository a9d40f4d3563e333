"""The options of the command line: their values, and which of them have a meaning."""

import argparse
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from model.methods import METHODS, PRESETS, RECIPE, SHORTHANDS, WINDOWS
from options.flags import AGAIN_OPTIONS, TABLE_OPTIONS, build_parser
from utils.errors import InputError

# what changes the picture of a blind spot, or where it goes
BLINDSPOT_OPTIONS = {
    *("command", "method", "result_dir", "seed", *SHORTHANDS),
    *({option for method in METHODS.values() for option in method.options} - {*RECIPE, *WINDOWS}),
}


def parse(arguments: Sequence[str] | None = None) -> tuple[argparse.Namespace, dict[str, Any]]:
    """Read the arguments: the value of every option, and of those that were given.

    Defaults are those of the method. Raises InputError where options do not exist, do not go
    together, or have no meaning for the method.
    """
    parser = build_parser()
    defaults = vars(parser.parse_args([]))
    nothing = object()  # stands where no default overwrites it
    words = with_negative_values(sys.argv[1:] if arguments is None else arguments)
    parsed = parser.parse_args(words, argparse.Namespace(**dict.fromkeys(defaults, nothing)))
    given = {option: value for option, value in vars(parsed).items() if value is not nothing}
    if "mode" in given:
        given["mode"] = tuple(word for part in given["mode"] for word in part)
    name = given.get("method", defaults["method"])
    method = METHODS[name]
    spelt_out = without_shorthands(given)
    for option, value in method.fixed.items():
        meant = without_shorthands({option: value})
        if any(spelt_out.get(one, value) != value for one in meant):
            raise InputError(f"--method {name} has --{option} {option_text(value)} and no other")
    preset = PRESETS[given.get("preset", defaults["preset"])].defaults
    options: dict[str, Any] = {
        **{**defaults, **method.defaults, **preset},
        **{**spelt_out, **without_shorthands(method.fixed)},
    }
    options["method"] = method.variant_of or name
    options["dataset"] = given.get("dataset", [defaults["dataset"]])
    check_command(given, options["command"])
    if of_one_method(given, options["command"]):
        check_meaning(given, name)
        complete_network_options(options)
    return argparse.Namespace(**options), given


def of_one_method(given: Mapping[str, object], command: str) -> bool:
    """Whether the options are those of a single method."""
    if command == "blindspot":  # which without one is of all networks, each with those it has
        return "method" in given
    return command != "reproduce"  # a table has its own methods, and completes their options


def without_shorthands(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Put the options that a shorthand means in its place, where they are not given themselves."""
    meant = {
        option: settings[shorthand]
        for shorthand, options in SHORTHANDS.items()
        if shorthand in settings
        for option in options
    }
    named = {option: value for option, value in settings.items() if option not in SHORTHANDS}
    return {**meant, **named}


def with_negative_values(arguments: Sequence[str]) -> list[str]:
    """Write `--nodata -1e38` as `--nodata=-1e38`: argparse takes some such numbers for options."""
    words: list[str] = []
    for word in arguments:
        if words and re.fullmatch(r"--\w+", words[-1]) and re.match(r"-[\d.]", word):
            words[-1] += f"={word}"
        else:
            words.append(word)
    return words


def check_command(given: Mapping[str, object], command: str) -> None:
    """Raise InputError for an option that the command has no use for."""
    without = without_meaning(command)
    for option in given:
        if option in without:
            raise InputError(f"--{option} has no meaning for --command {command}")
    if set(AGAIN_OPTIONS) <= set(given):
        raise InputError("--resume goes on with a training and --overwrite starts anew: give one")


def without_meaning(command: str) -> set[str]:
    """The options that a command has no use for."""
    if command == "blindspot":
        return {*vars(build_parser().parse_args([]))} - BLINDSPOT_OPTIONS
    without = {
        "train": ("weights", "threshold"),
        "predict": AGAIN_OPTIONS,
        "run": ("weights",),
        "reproduce": ("save_freq", "checkpoint_dir", "map", "weights", "threshold", *AGAIN_OPTIONS),
        "info": (
            *("save_freq", "eval_freq", "checkpoint_dir", "result_dir", "weights", "threshold"),
            *AGAIN_OPTIONS,
        ),
    }
    options = {*without[command]}
    if command != "reproduce":
        options |= {*TABLE_OPTIONS}
    return options | {"method", "gpu_ids", *of_methods()} if command == "info" else options


def check_meaning(given: Mapping[str, object], name: str) -> None:
    """Raise InputError for an option that other methods have, but not this one."""
    method = METHODS[name]
    for option in ("weights", *AGAIN_OPTIONS):
        if option in given and not method.trained:
            raise InputError(
                f"--{option} has no meaning for --method {name}, which needs no training"
            )
    for option in given:
        if option in of_methods() and not method.has(option):
            own = ", ".join(f"--{option}" for option in method.options) or "no options"
            raise InputError(f"--{option} has no meaning for --method {name} (it has {own})")


def of_methods() -> set[str]:
    """The options that some method has."""
    return {option for method in METHODS.values() for option in method.options} | {*SHORTHANDS}


def complete_network_options(options: dict[str, Any]) -> None:
    """Give every block its kind; refuse network options that contradict each other."""
    words, depth = options.get("mode", ()), options["nblk"]
    if len(words) == 1:
        words *= depth
    if words and len(words) != depth:
        raise InputError(
            f"--mode names {len(words)} blocks, but --nblk is {depth}: "
            f"give one word a block, or one for all"
        )
    options["mode"] = words or METHODS[options["method"]].mode(depth)
    if options["tile"] and options["preset"] != "paper":
        raise InputError(
            f"--tile has no meaning for --preset {options['preset']}, which measures pixels "
            f"against the whole scene; --preset paper has tiles"
        )
    channels, width = options["nch_ker"], options["ss_exp_factor"]
    if int(channels * width) < 1:
        raise InputError(f"--ss_exp_factor {width} leaves none of {channels} channels")


def method_options(args: argparse.Namespace) -> dict[str, Any]:
    """The options that change what the method computes."""
    return {option: getattr(args, option) for option in METHODS[args.method].options}


def method_options_of(settings: Mapping[str, object]) -> tuple[str, dict[str, Any]]:
    """What these settings of a method come to: its name, and the value of all its options.

    Raises InputError as the command line would for the same options.
    """
    texts = {
        option: option_text(tuple(value) if isinstance(value, list) else value)
        for option, value in settings.items()
    }
    args, _ = parse([f"--{option}={text}" for option, text in texts.items()])
    return args.method, method_options(args)


def off_default(args: argparse.Namespace) -> dict[str, Any]:
    """The options that are off their defaults for the method and preset."""
    preset = ["--preset", args.preset] if "preset" in METHODS[args.method].options else []
    defaults, _ = parse(["--method", args.method, *preset])
    defaults.preset = build_parser().get_default("preset")
    defaults.mode = METHODS[args.method].mode(args.nblk)
    return {name: value for name, value in vars(args).items() if value != getattr(defaults, name)}


def in_words(args: argparse.Namespace) -> str:
    """All options that are of use to the method, one a line."""
    of_others = of_methods() - set(METHODS[args.method].options) | {*TABLE_OPTIONS, *AGAIN_OPTIONS}
    if not METHODS[args.method].trained:
        of_others |= {"save_freq", "eval_freq"}
    options = {name: value for name, value in vars(args).items() if name not in of_others}
    return "".join(
        f"{name}: {option_text(value)}\n" for name, value in options.items() if value is not None
    )


def option_text(value: object) -> str:
    """An option's value as it is typed."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def file_text(value: object) -> str:
    """An option's value as it stands in the name of a file."""
    text = "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return re.sub(r"[^\w.+-]", "+", text)


def words_for(settings: Mapping[str, object]) -> list[str]:
    """The words that give options these values on the command line."""
    words = []
    for option, value in settings.items():
        values = value if isinstance(value, list) else [value]
        words += [f"--{option}", *map(option_text, values)]
    return words


def command_line(settings: Mapping[str, object]) -> str:
    """The command that runs the program with these options."""
    return shlex.join(["python", "main.py", *words_for(settings)])
