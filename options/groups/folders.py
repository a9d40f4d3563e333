"""The flags of folders and of what is fetched into them, in the order of `--help`."""

from functools import partial
from pathlib import Path

from options.flag import COMPUTING, RUNS, WITH_SCENES, Flag, Group
from options.ranges import PATH, TRUE_OR_FALSE

folder = partial(Flag, group=Group.FOLDERS)

KNOWN_SCENES = [
    Flag(
        "fetch",
        TRUE_OR_FALSE,
        False,
        "download the scenes of --dataset that are missing and have a direct link; of others state "
        "where they are",
        acts_in="data.known_scenes.fetching",
        group=Group.KNOWN_SCENES,
        commands=("scenes",),
        switch=True,
    ),
]

FOLDERS = [
    folder(
        "data_dir",
        PATH,
        Path("data"),
        "scenes",
        acts_in="data.reading.by_name",
        commands=(*WITH_SCENES, "scenes", "runs"),
    ),
    folder(
        "checkpoint_dir",
        PATH,
        Path("checkpoints"),
        "weights, logs",
        acts_in="training.run_folder",
        commands=(*RUNS, "runs"),
    ),
    folder(
        "result_dir",
        PATH,
        Path("result"),
        "detection maps, reconstructions, pictures, tables",
        acts_in="detection.results.files",
        commands=(*COMPUTING, "blindspot", "runs", "compare"),
    ),
]
