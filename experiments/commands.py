"""The commands that work on methods rather than on one scene: tables and receptive fields."""

import json
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from detection.figures.style import save_figure
from detection.task import read_settings
from experiments.blindspot import fields_table, receptive_fields
from experiments.blindspot_figure import blindspot_figure
from experiments.declaration import read_table, sweep_table
from experiments.reproduce import reproduce as compute_table
from experiments.sweep import is_sweep
from utils.files import ensure_writable, print_paths
from utils.output import print_result


def reproduce(args: Namespace, given: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Compute a table of methods, scenes and seeds, and print it.

    Returns what its JSON file has and the paths of all files, and whether it is complete.
    """
    sweep = is_sweep(given)
    plan, paths = compute_table(
        sweep_table(given) if sweep else read_table(args.table, given=given),
        data_dir=args.data_dir,
        reading=read_settings(args),
        result_dir=args.result_dir,
        gpu_ids=args.gpu_ids,
        workers=args.workers,
        cluster=args.cluster,
        stretch=args.stretch,
    )
    print_result(paths[0].read_text(encoding="utf-8"))
    print_paths(paths)
    (file,) = (path for path in paths if path.suffix == ".json")
    values = json.loads(file.read_text(encoding="utf-8"))
    return {**values, "paths": list(map(str, paths))}, plan.complete


def blindspot(args: Namespace, given: Mapping[str, Any]) -> None:
    """Draw the receptive fields of blind-spot networks, and print what they are blind to."""
    folder = ensure_writable(args.result_dir)
    fields = receptive_fields(given)
    print_result(fields_table(fields))
    print_paths(save_figure(folder / "blindspot", blindspot_figure(fields)))
