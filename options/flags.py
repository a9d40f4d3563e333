"""Every flag of the command line by name, in the order of `--help` and of the logs.

A new one is a record in its group (options/groups/) and, where it changes what a method computes,
its name among the options of the method (model/methods/). Parser, help, checks, run names, tables
and the estimator follow.
"""

from options.flag import NO_DEFAULT
from options.groups.folders import FOLDERS, KNOWN_SCENES
from options.groups.network import NETWORK
from options.groups.output import OUTPUT
from options.groups.prediction import PREDICTION
from options.groups.reading import READING
from options.groups.tables import TABLES
from options.groups.task import TASK
from options.groups.training import TRAINING
from options.groups.untrained import UNTRAINED

GROUPS = (
    TASK,
    READING,
    PREDICTION,
    TRAINING,
    NETWORK,
    UNTRAINED,
    TABLES,
    KNOWN_SCENES,
    FOLDERS,
    OUTPUT,
)
FLAGS = {flag.name: flag for group in GROUPS for flag in group}
DEFAULTS = {name: flag.default for name, flag in FLAGS.items() if flag.default is not NO_DEFAULT}
