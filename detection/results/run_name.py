"""The name of a prediction: that of its training, then the options that change its results."""

from argparse import Namespace

from model.methods import METHODS
from options.parse import prediction_name_options
from options.text import shorten

LONGEST_NAME = 255  # bytes of the name of a file


def prediction_name(args: Namespace, *, training: str = "") -> str:
    """Name the prediction of a method with these options, or by a training of this name.

    The end of one that is longer than the name of a file may be is replaced by a digest.
    """
    options = prediction_name_options(args)
    parts = [f"{label}_{value}" for label, value in options.items()]
    return shorten("_".join([training or METHODS[args.method].title, *parts]), most=LONGEST_NAME)
