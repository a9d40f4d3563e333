"""NL2Net on the command line: train on a scene, predict on it, report the AUC, make tables."""

import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, NoReturn

from model.methods import METHODS
from options.parse import parse
from utils.errors import error_message
from utils.files import ensure_writable, print_paths
from utils.signals import StoppedBySignal

if TYPE_CHECKING:  # torch takes seconds to import, so only the commands that need it do
    from data.scene import Scene


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the arguments say; exit with 2 and one line for anything the user can mend."""
    try:
        args, given = parse(arguments)
        if args.command == "reproduce":
            reproduce(args, given)
        elif args.command == "blindspot":
            blindspot(args, given)
        else:
            work_on_scenes(args)
        sys.stdout.flush()
    except StoppedBySignal as stop:
        leave(stop.exit_code, f"\n{stop}")
    except KeyboardInterrupt:
        leave(130, "\ninterrupted")
    except BrokenPipeError:  # who read the output, such as head, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
    except Exception as error:
        refuse(error_message(error))


def work_on_scenes(args: Namespace) -> None:
    """Do a command on each scene in turn; what is wrong with one does not keep it from the next."""
    from data.reading.by_name import names_of

    names_of(args.dataset)  # raises where two would share their runs and results
    refused = False
    for dataset in args.dataset:
        try:
            COMMANDS[args.command](Namespace(**{**vars(args), "dataset": [dataset]}))
        except Exception as error:
            if len(args.dataset) == 1 or isinstance(error, BrokenPipeError):
                raise
            print(f"main.py: error: {dataset}: {error_message(error)}", file=sys.stderr)
            refused = True
    if refused:
        raise SystemExit(2)


def leave(code: int, message: str) -> NoReturn:
    """End the program with an exit code and a last line."""
    print(message, file=sys.stderr)
    raise SystemExit(code)


def refuse(message: str) -> NoReturn:
    """End the program for something the user can mend."""
    leave(2, f"main.py: error: {message}")


def run(args: Namespace) -> None:
    """Train on a scene where the method has to, and predict on it."""
    from detection.task import find_scene

    scene = find_scene(args)
    if METHODS[args.method].trained:
        train(args, scene)
    predict(args, scene)


def train(args: Namespace, scene: "Scene | None" = None) -> None:
    """Train on a scene; keep weights, log and TensorBoard events."""
    from training.train import train as train_on_scene

    train_on_scene(args, scene)


def predict(args: Namespace, scene: "Scene | None" = None) -> None:
    """Score a scene, with trained weights where the method has any; keep maps and pictures."""
    from detection.predict import predict as predict_on_scene
    from training.checkpoints import load_trained

    predict_on_scene(args, scene, load=load_trained)


def reproduce(args: Namespace, given: Mapping[str, Any]) -> None:
    """Compute a table of methods, scenes and seeds; exit with 1 where parts of it are missing."""
    from detection.task import reading_of
    from experiments.declaration import read_table
    from experiments.reproduce import reproduce as compute_table

    plan, paths = compute_table(
        read_table(args.table, given=given),
        data_dir=args.data_dir,
        reading=reading_of(args),
        result_dir=args.result_dir,
        gpu_ids=args.gpu_ids,
        workers=args.workers,
        cluster=args.cluster,
    )
    print(paths[0].read_text(encoding="utf-8"))
    print_paths(paths)
    if not plan.complete:
        leave(1, "parts of the table are missing; the same command tries them again")


def blindspot(args: Namespace, given: Mapping[str, Any]) -> None:
    """Draw what blind-spot networks see around a pixel, and tell what they are blind to."""
    from detection.maps import save_figure
    from experiments.blindspot import fields_table, receptive_fields
    from experiments.blindspot_figure import blindspot_figure

    folder = ensure_writable(args.result_dir)
    fields = receptive_fields(given)
    print(fields_table(fields))
    print_paths(save_figure(folder / "blindspot", blindspot_figure(fields)))


def info(args: Namespace) -> None:
    """Tell what is in a scene's file, what is made of it, and what is known about the scene."""
    from data.info import facts_of_file, facts_of_scene
    from data.reading.by_name import scene_file
    from detection.task import find_scene, rx_in_words

    path = scene_file(args.dataset[0], data_dir=args.data_dir)
    if path is not None:
        print_facts(facts_of_file(path))
        args = Namespace(**{**vars(args), "nan": "mask"})  # it tells of what others refuse
    print_facts(facts_of_scene(find_scene(args), rx=rx_in_words))


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Say what is what, a line each."""
    for name, text in facts:
        print(f"{name:<12} {text}")


# what is done to each scene; a table has its own, and a blind spot needs none
COMMANDS = {"train": train, "predict": predict, "run": run, "info": info}


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without × prints ? and goes on
            stream.reconfigure(errors="replace")
    main()
