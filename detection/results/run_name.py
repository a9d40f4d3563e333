"""The name of a prediction: that of its training, then the options that change its results."""

from argparse import Namespace

from model.methods import METHODS
from options.run_names import prediction_name_options
from options.text import shorten

LONGEST_NAME = 255  # bytes of the name of a file


def prediction_name(args: Namespace, *, training: str = "", weights: str = "") -> str:
    """Name the prediction of a method with these options, or by a training of this name.

    `weights` is the text for those that are not the last of that training. The end of a name that
    is longer than that of a file may be is replaced by a digest.
    """
    if args.name and not METHODS[args.method].trained:
        return str(args.name)
    options = prediction_name_options(args)
    options.pop("weights", None)
    if weights:
        options["weights"] = weights
    parts = [f"{label}_{value}" for label, value in options.items()]
    return shorten("_".join([training or METHODS[args.method].title, *parts]), most=LONGEST_NAME)
