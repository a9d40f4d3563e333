"""The options of a training that `--weights` or `--name` refer to, from its record.

Without a record, as of earlier versions and of the published program, they are those of its log;
without a log those in the name of its folder and those that the shapes of the weights determine.
What is given on the command line may not contradict them, but may choose how to predict.
"""

from argparse import Namespace
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detection.results.record import RunRecord, read_record
from detection.results.run_rows import options_of_log
from model.methods import METHODS
from options.flag import Group
from options.flags import FLAGS
from options.parse import complete, expand_shorthands
from options.run_names import options_of_run_name
from options.text import to_argument
from training.checkpoints.save_and_load import read_checkpoint
from training.checkpoints.shapes import options_of_shapes
from utils.errors import InputError
from utils.text import did_you_mean, printable

# options of a training that a prediction with its weights may choose otherwise
FREE = {"gpu_ids", "precision", "tile", "average_every", "score"}
READING = {name for name, flag in FLAGS.items() if flag.group is Group.READING}


@dataclass(frozen=True)
class Recalled:
    """The arguments with the options of a training, its record, and what of it is not known.

    `unknown` are options that only the training had; `assumed` states the values of those that the
    network has in a prediction, too.
    """

    args: Namespace
    record: RunRecord | None = None
    unknown: frozenset[str] = frozenset()
    assumed: str = ""
    known: bool = False  # where there is a record, a log or a name


def recall(args: Namespace, given: Mapping[str, Any], *, scene: str) -> Recalled:
    """Take the options of the training that --weights or --name name; others stay as they are.

    Raises InputError where options that are given contradict them.
    """
    if args.weights is not None:
        if not args.weights.exists():
            raise InputError(f"there is no checkpoint '{args.weights}', which --weights names")
        return recall_folder(args, given, folder=args.weights.parent.parent, scene=scene)
    folder = args.checkpoint_dir / scene / str(args.name)
    if args.name and (folder / "model").is_dir():
        return recall_folder(args, given, folder=folder, scene=scene)
    if args.name and "method" not in given:
        found = sorted(path.parent.name for path in folder.parent.glob("*/model"))
        raise InputError(
            f"--name {args.name}: no training of {scene} has this name in '{folder.parent}' "
            f"({', '.join(found) or 'there is none'})"
        )
    return Recalled(args)


def recall_to_resume(args: Namespace, given: Mapping[str, Any], *, scene: str) -> Namespace:
    """Take the options of the training that --resume and --name name, but for its epochs."""
    folder = args.checkpoint_dir / scene / str(args.name)
    if not (args.name and args.resume and (folder / "model").is_dir()):
        return args
    free = FREE | {"epochs"}
    return recall_folder(args, given, folder=folder, scene=scene, free=free).args


def recall_folder(
    args: Namespace,
    given: Mapping[str, Any],
    *,
    folder: Path,
    scene: str,
    free: Set[str] = FREE,
) -> Recalled:
    """Take the options of the training of a run folder, or what the weights alone determine."""
    culprit = f"--weights '{args.weights}'" if args.weights else f"--name {args.name}"
    record = read_record(folder)
    logged = record.options if record else options_of_log(folder / "logs" / "log.txt")
    method = str(logged.get("method", method_of(given)))
    if method not in METHODS:
        raise InputError(f"{culprit}: '{printable(method)}' is no method of this version")
    own = {*METHODS[method].options}
    options = logged or options_without_log(folder, method, weights=args.weights)
    reading = READING - {"map", "map_key"} if folder.parent.name == scene else set()
    recorded = checked_options(options, own | reading)
    expanded = expand_given(given)
    compared = {name: value for name, value in recorded.items() if name not in free | READING}
    check_agreement(expanded, {"method": method, **compared}, culprit=culprit)
    new = complete({**recorded, **expanded, "method": method})
    new.dataset = args.dataset
    missing = own - {*recorded} - {*expanded}
    unknown = frozenset(name for name in missing if FLAGS[name].trains_only)
    assumed = "" if logged else assumed_network(new, missing - unknown, culprit=culprit)
    return Recalled(new, record, unknown, assumed, known=bool(logged) or "epochs" in recorded)


def checked_options(options: Mapping[str, Any], wanted: Set[str]) -> dict[str, Any]:
    """Check the values of the wanted options that a training has, and return them by name."""
    return {
        name: FLAGS[name].check(value)
        for name, value in options.items()
        if name in wanted and value is not None
    }


def options_without_log(folder: Path, method: str, *, weights: Path | None) -> dict[str, Any]:
    """Return the options in the name of a run folder, and those that the weights determine."""
    named = options_of_run_name(folder.name, method)
    if weights is None:
        return named
    return {**named, **options_of_shapes(read_checkpoint(weights), METHODS[method].options)}


def assumed_network(args: Namespace, missing: Set[str], *, culprit: str) -> str:
    """State the values of the network's options that nothing determines; empty where all are."""
    values = [
        f"--{name} {to_argument(getattr(args, name))}"
        for name in METHODS[args.method].options
        if name in missing and FLAGS[name].group is Group.NETWORK
    ]
    return (
        f"{culprit} does not say all of its network; assumed: {', '.join(values)}" if values else ""
    )


def expand_given(given: Mapping[str, Any]) -> dict[str, Any]:
    """Replace shorthands, and variants of methods, by the options that they stand for."""
    fixed = METHODS[given["method"]].fixed if "method" in given else {}
    expanded = {**expand_shorthands(given), **expand_shorthands(fixed)}
    return {**expanded, **({"method": method_of(given)} if "method" in given else {})}


def method_of(given: Mapping[str, Any]) -> str:
    """Return the method that is given, or the default one."""
    name = given.get("method", FLAGS["method"].default)
    return str(METHODS[name].variant_of or name)


def check_agreement(given: Mapping[str, Any], recorded: Mapping[str, Any], *, culprit: str) -> None:
    """Raise InputError where options that are given are not those of the training."""
    differing = [
        f"--{name} {to_argument(recorded[name])}, not {to_argument(value)}"
        for name, value in given.items()
        if name in recorded
        and (name == "method" or FLAGS[name].names_run)
        and as_modes(name, value, recorded) != recorded[name]
    ]
    if differing:
        raise InputError(f"{culprit} is of a training with {'; '.join(differing)}")


def as_modes(name: str, value: Any, recorded: Mapping[str, Any]) -> Any:
    """Return one word for all blocks as one word per block."""
    one_for_all = name == "mode" and len(value) == 1
    return tuple(value) * len(recorded[name]) if one_for_all else value


def scenes_of_name(args: Namespace, given: Mapping[str, Any]) -> Namespace:
    """Take the scene of the one training that --name names, where no scene is given."""
    if not args.name or "dataset" in given or not (args.command == "predict" or args.resume):
        return args
    folders = [one.parent for one in args.checkpoint_dir.glob(f"*/{args.name}/model")]
    scenes = [folder.parent.name for folder in folders]
    if len(folders) > 1:
        raise InputError(
            f"--name {args.name} is a training of {' and '.join(sorted(scenes))}: "
            f"--dataset says which"
        )
    if not folders and args.command == "predict" and "method" not in given:
        names = [path.parent.name for path in args.checkpoint_dir.glob("*/*/model")]
        raise InputError(
            f"--name {args.name}: no training in '{args.checkpoint_dir}' has this name"
            f"{did_you_mean(args.name, names, before='; ')}"
        )
    if not folders:
        return args
    record = read_record(folders[0])
    dataset = record.options.get("dataset") if record else None
    return Namespace(**{**vars(args), "dataset": dataset or scenes})
