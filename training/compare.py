"""Compare predictions of a scene; those of methods without training are made where need be."""

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from detection.compare.command import compare as compare_saved
from detection.compare.saved import find_predictions
from model.methods import METHODS
from options.applicable import unused_by
from options.parse import complete
from options.text import command_line
from training.commands import name_of_scene, predict
from utils.errors import InputError
from utils.output import print_result


def compare(args: Namespace, *, given: Mapping[str, Any]) -> dict[str, Any]:
    """Compare the saved predictions of a scene, of all methods or those that are given.

    A method without training that has no prediction predicts first, at its defaults. Raises
    InputError for a network that has none, and for both methods and runs.
    """
    if args.runs is not None and "method" in given:
        raise InputError("--runs names predictions and --method takes those of methods: give one")
    named = given.get("method", [])
    methods = named if isinstance(named, list) else [named]
    saved = {one.title for one in find_predictions(args.result_dir / name_of_scene(args))}
    if args.runs is None:
        for name in methods:
            if METHODS[name].title not in saved:
                predict_missing(name, {**given, "dataset": args.dataset})
    return compare_saved(args, titles=[METHODS[name].title for name in methods])


def predict_missing(method: str, given: Mapping[str, Any]) -> None:
    """Predict with a method at its defaults; raise InputError for one that has to be trained."""
    unused = unused_by("predict") | {"threshold"}
    kept = {name: value for name, value in given.items() if name not in unused}
    kept |= {"command": "predict", "method": method}
    if METHODS[method].trained:
        command = command_line({**kept, "command": "run"})
        raise InputError(f"no prediction of {method} is there to compare; this makes it: {command}")
    print_result(METHODS[method].title)  # the lines below it do not name the method
    predict(complete(kept), given=kept)
