"""The flags of the output of commands, in the order of `--help`."""

from functools import partial

from options.flag import COMMANDS, Flag, Group
from options.ranges import TRUE_OR_FALSE

# the commands with an answer in JSON: all but that which only draws
ANSWERING = tuple(name for name in COMMANDS if name != "blindspot")

output = partial(Flag, type=TRUE_OR_FALSE, default=False, group=Group.OUTPUT, switch=True)

OUTPUT = [
    output(
        "quiet",
        help="print the results, warnings and errors alone, and no progress",
        acts_in="utils.output",
        commands=COMMANDS,
    ),
    output(
        "verbose",
        help="print also versions, device, memory, files that are read, and the seconds of each "
        "phase",
        acts_in="utils.output",
        commands=COMMANDS,
    ),
    output(
        "json",
        help="print the results as one JSON document to standard output, and all else to standard "
        "error",
        acts_in="utils.output",
        commands=ANSWERING,
    ),
]

# they change no result, and no record of one has them
OUTPUT_OPTIONS = tuple(flag.name for flag in OUTPUT)
