"""The options in the names of runs and of predictions."""

import re
from argparse import Namespace
from operator import itemgetter

from model.methods import METHODS
from options.applicable import options_of_others
from options.flags import FLAGS
from options.parse import defaults_of, non_default
from options.types import Threshold


def run_name_options(args: Namespace) -> dict[str, str]:
    """Return the options that name a run as text, by their labels, in the order of its name."""
    changed, others = {*non_default(args)}, options_of_others(args.method)
    named = [
        (flag.names_run, flag)
        for flag in FLAGS.values()
        if flag.names_run and flag.name not in others
    ]
    return {
        flag.label: flag.in_names(getattr(args, flag.name))
        for place, flag in sorted(named, key=lambda pair: pair[0].position)
        if place.always or {flag.name, place.only_with or flag.name} <= changed
    }


def options_of_run_name(name: str, method: str) -> dict[str, str]:
    """Read the options that the name of every run of a method has; none from any other name.

    PD's stride in prediction is that in training, unless the method has two.
    """
    always = [
        (flag.names_run.position, flag)
        for flag in FLAGS.values()
        if flag.names_run and flag.names_run.always and flag.name in METHODS[method].options
    ]
    parts = [
        f"_{flag.label}_(?P<{flag.name}>[^_]+)" for _, flag in sorted(always, key=itemgetter(0))
    ]
    found = re.match(re.escape(METHODS[method].title) + "".join(parts) + "(_|$)", name)
    options = found.groupdict() if found else {}
    usual = defaults_of(method, preset="paper")
    if "factor_train" in options and usual["factor_train"] == usual["factor_test"]:
        options["factor_test"] = options["factor_train"]
    return options


def prediction_name_options(args: Namespace) -> dict[str, str]:
    """Return the options that name a prediction as text, by their labels, after its training.

    Those that are not at their defaults and not in the name of the training; of a method without
    training all that change its scores, of which the device is none.
    """
    changed = changed_in_prediction(args) - options_of_others(args.method)
    in_training = run_name_options(args) if METHODS[args.method].trained else {"gpu_ids": ""}
    return {
        flag.label: flag.in_names(readable(getattr(args, flag.name)))
        for flag in FLAGS.values()
        if flag.name in changed
        and (flag.names_prediction or flag.names_run)
        and flag.label not in in_training
    }


def changed_in_prediction(args: Namespace) -> set[str]:
    """Return the options that are not as usual: for PD's stride in prediction, as in training."""
    changed, usual = {*non_default(args)}, defaults_of(args.method, preset=args.preset)
    if usual["factor_train"] != usual["factor_test"]:
        return changed
    differ = args.factor_train != args.factor_test
    return changed - {"factor_test"} | ({"factor_test"} if differ else set())


def readable(value: object) -> object:
    """Return a threshold with a sign that names of files keep, as in `pf-0.001`."""
    return str(value).replace("=", "-") if isinstance(value, Threshold) else value
