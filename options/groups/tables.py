"""The flags of tables, in the order of `--help`."""

from functools import partial

from options.flag import Flag, Group
from options.ranges import TEXT, whole_number

table = partial(Flag, group=Group.TABLES, commands=("reproduce",))

TABLES = [
    table(
        "table",
        TEXT,
        "comparison",
        "name of a table in experiments/tables, or path of a .toml file of your own",
        acts_in="experiments.declaration",
    ),
    table(
        "workers",
        whole_number(at_least=0, at_most=1000),
        0,
        "processes that compute at once; by default one, or one per device of --gpu_ids",
        acts_in="experiments.jobs",
    ),
    table(
        "cluster",
        TEXT,
        None,
        "address of a Dask scheduler whose workers compute, as in tcp://host:8786",
        acts_in="experiments.jobs",
        metavar="ADDRESS",
    ),
]
