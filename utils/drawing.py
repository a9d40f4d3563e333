"""Matplotlib without a display."""

import os
import sys


def draw_into_files() -> None:
    """Replace the backend that MPLBACKEND names: pictures are drawn into files, never shown.

    A notebook hands its own to the programs that it starts, where it may not exist. The notebook
    itself, and a program that has imported Matplotlib already, keep theirs.
    """
    if "MPLBACKEND" in os.environ and not {"matplotlib", "ipykernel"} & {*sys.modules}:
        os.environ["MPLBACKEND"] = "agg"
