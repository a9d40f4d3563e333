"""From arguments, or from settings of TOML or Python, to the value of every option."""

import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from model.methods import METHODS
from model.methods.method import AUTO, AUTO_AVERAGE_EVERY, SHORTHANDS
from model.methods.presets import PRESETS
from model.scores import SCORES
from options.applicable import check_applicable, check_command, concerns_one_method
from options.flags import DEFAULTS, FLAGS
from options.groups.output import OUTPUT_OPTIONS
from options.parser import build_parser, join_negative_values
from options.several import check_several, one_or_several, several
from options.text import to_argument
from utils.errors import InputError
from utils.text import did_you_mean


def parse(arguments: Sequence[str] | None = None) -> tuple[Namespace, dict[str, Any]]:
    """Read the arguments: the value of every option, and of those that were given.

    Defaults are those of the method. An option with several values, which a table compares, is a
    list among those given, and at its default among all. Raises InputError where options do not
    exist, do not go together, or do not apply to the method.
    """
    nothing = object()  # stands where no default overwrites it
    argv = join_negative_values(sys.argv[1:] if arguments is None else arguments)
    parsed = build_parser().parse_args(argv, Namespace(**dict.fromkeys(DEFAULTS, nothing)))
    given = {
        name: joined(one_or_several(name, value))
        for name, value in vars(parsed).items()
        if value is not nothing
    }
    check_several(given, given.get("command", DEFAULTS["command"]))
    compared = several(given)
    return complete({name: one for name, one in given.items() if name not in compared}), given


def joined(value: Any) -> Any:
    """Make one tuple of several that were given as separate arguments."""
    if isinstance(value, list) and all(isinstance(part, tuple) for part in value):
        return tuple(element for part in value for element in part)
    return value


def complete(given: Mapping[str, Any]) -> Namespace:
    """Add the defaults to the options that are given, and check them together."""
    command, name = (given.get(option, DEFAULTS[option]) for option in ("command", "method"))
    method = METHODS[name]
    options = {
        **defaults_of(name, preset=given.get("preset", DEFAULTS["preset"])),
        **({"average_every": AUTO_AVERAGE_EVERY} if given.get("epochs") == AUTO else {}),
        **expand_shorthands(given),
        **expand_shorthands(method.fixed),
    }
    check_fixed(given, name)
    options["method"] = method.variant_of or name
    options["dataset"] = given.get("dataset", [DEFAULTS["dataset"]])
    check_command(given, command)
    if concerns_one_method(given, command):
        check_applicable(given, name)
        options["mode"] = block_modes(options)
        check_together(options)
    return Namespace(**options)


def defaults_of(name: str, *, preset: str) -> dict[str, Any]:
    """Return the defaults of a method and a preset."""
    return {**DEFAULTS, **METHODS[name].defaults, **PRESETS[preset].defaults}


def expand_shorthands(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Replace each shorthand by the options that it stands for, unless they are given."""
    meant = {
        option: settings[shorthand]
        for shorthand, options in SHORTHANDS.items()
        if shorthand in settings
        for option in options
    }
    named = {option: value for option, value in settings.items() if option not in SHORTHANDS}
    return {**meant, **named}


def check_fixed(given: Mapping[str, Any], name: str) -> None:
    """Raise InputError for another value of an option that the method fixes."""
    expanded = expand_shorthands(given)
    for option, value in METHODS[name].fixed.items():
        if any(expanded.get(one, value) != value for one in expand_shorthands({option: value})):
            raise InputError(f"--method {name} has --{option} {to_argument(value)} and no other")


def block_modes(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the kind of every block; raise InputError unless `mode` names one or all."""
    words, depth = options.get("mode", ()), options["nblk"]
    if len(words) == 1:
        return tuple(words * depth)
    if words and len(words) != depth:
        raise InputError(
            f"--mode names {len(words)} blocks, but --nblk is {depth}: "
            f"give one word per block, or one for all"
        )
    return words or METHODS[options["method"]].mode(depth)


def check_together(options: Mapping[str, Any]) -> None:
    """Raise InputError for options that contradict each other."""
    if options["tile"] and options["preset"] != DEFAULTS["preset"]:
        raise InputError(
            f"--tile does not apply to --preset {options['preset']}, which measures pixels "
            f"against the whole scene; --preset paper has tiles"
        )
    check_average(options)
    check_score(options)
    channels, width = options["nch_ker"], options["ss_exp_factor"]
    if int(channels * width) < 1:
        raise InputError(f"--ss_exp_factor {width} leaves none of {channels} channels")


def takes_tiles(options: Mapping[str, Any]) -> bool:
    """Return whether `--tile` goes with all other options of a method, given them all."""
    usual = {"preset": DEFAULTS["preset"], "score": DEFAULTS["score"]}
    return "tile" in options and all(options[name] == value for name, value in usual.items())


def check_average(options: Mapping[str, Any]) -> None:
    """Raise InputError where maps are to be averaged, but none would be."""
    epochs, every = options["epochs"], options["average_every"]
    if epochs == AUTO and not every:
        raise InputError("--epochs auto averages maps: --average_every has to be 1 or more")
    if epochs != AUTO and every > epochs:
        raise InputError(
            f"--average_every {every} is more than --epochs {epochs}: no map would be averaged"
        )


def check_score(options: Mapping[str, Any]) -> None:
    """Raise InputError for a score that a method, or a training by tiles, cannot have."""
    method, score = options["method"], options["score"]
    if options["tile"] and score != DEFAULTS["score"]:
        raise InputError(
            f"--score {score} compares pixels with the whole scene, which --tile does not hold: "
            f"--score {DEFAULTS['score']}"
        )
    if SCORES[score].needs_residuals and not METHODS[method].trained:
        others = ", ".join(name for name in SCORES if not SCORES[name].needs_residuals)
        raise InputError(
            f"--score {score} needs the residuals of a reconstruction, and --method {method} has "
            f"none: {others} do without"
        )


def method_options(args: Namespace) -> dict[str, Any]:
    """Return the options that change what the method computes."""
    return {option: getattr(args, option) for option in METHODS[args.method].options}


def resolve(settings: Mapping[str, object]) -> tuple[str, dict[str, Any]]:
    """Complete the settings of a method: its name, and the value of all its options.

    Raises InputError as the command line would for the same options.
    """
    for option in settings:
        if option not in FLAGS:
            hint = did_you_mean(option, FLAGS, before="; ")
            raise InputError(f"unrecognized option: {option}{hint}")
    checked = {option: FLAGS[option].check(value) for option, value in settings.items()}
    args = complete({name: checked[name] for name in FLAGS if name in checked})
    return args.method, method_options(args)


def non_default(args: Namespace) -> dict[str, Any]:
    """Return the options that are not at their defaults for the method and the preset."""
    defaults = defaults_of(args.method, preset=args.preset)
    defaults |= {
        "method": args.method,
        "preset": DEFAULTS["preset"],
        "mode": METHODS[args.method].mode(args.nblk),
        "dataset": [DEFAULTS["dataset"]],
    }
    changed = {name: value for name, value in vars(args).items() if value != defaults[name]}
    return {name: value for name, value in changed.items() if name not in OUTPUT_OPTIONS}
