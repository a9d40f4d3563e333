"""The flags of how a scene is read, in the order of `--help`."""

from functools import partial

from options.flag import RUNS, WITH_SCENES, Flag, Group, RunName
from options.ranges import TEXT, choice
from options.types import AXIS_ORDER, BAND_SELECTION, FILL_VALUE

reading = partial(Flag, group=Group.READING, commands=WITH_SCENES)

READING = [
    reading(
        "data_key",
        TEXT,
        None,
        "variable of the cube; by default one with a usual name, or the only 3-D array",
        acts_in="data.reading.variables",
        names_run=RunName(14),
    ),
    reading(
        "map_key",
        TEXT,
        None,
        "variable of the ground truth; by default one with a usual name, or the only H×W array",
        acts_in="data.reading.variables",
        names_prediction=True,
    ),
    reading(
        "map",
        TEXT,
        None,
        "file of the ground truth, where it is not in the scene's; none for no ground truth, "
        "auto for the file next to each scene that is named after it, as x_gt.mat",
        acts_in="data.reading.truth",
        commands=(*RUNS, "info"),
        metavar="FILE",
        names_prediction=True,
    ),
    reading(
        "axes",
        AXIS_ORDER,
        None,
        "which axis of the cube is height, width, bands, as in hwb or bhw",
        acts_in="data.reading.from_file",
        names_run=RunName(15),
    ),
    reading(
        "bands",
        BAND_SELECTION,
        None,
        "bands that are used, from 1, as in 10-50,60-; by default all good ones",
        acts_in="data.reading.bands",
        names_run=RunName(16),
    ),
    reading(
        "nan",
        choice("refuse", "mask"),
        "refuse",
        "pixels with NaN or infinite values in some bands: refuse the scene, or mask them",
        acts_in="data.reading.nodata",
        names_run=RunName(17),
    ),
    reading(
        "nodata",
        FILL_VALUE,
        None,
        "value of no-data pixels, where the file does not declare it",
        acts_in="data.reading.nodata",
        names_run=RunName(18),
    ),
]
