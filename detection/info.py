"""Describe a scene (`--command info`)."""

from argparse import Namespace
from collections.abc import Iterable

from data.info import file_facts, scene_facts
from data.reading.by_name import scene_file
from detection.task import describe_rx, open_scene
from utils.text import printable_line


def info(args: Namespace) -> None:
    """Print the contents of a scene's file, how they are read, and what is known of the scene."""
    path = scene_file(args.dataset[0], data_dir=args.data_dir)
    if path is not None:
        print_facts(file_facts(path))
        args = Namespace(**{**vars(args), "nan": "mask"})  # also what other commands refuse
    scene = open_scene(args, describe_truth=False)  # as the facts do
    print_facts(scene_facts(scene, rx=describe_rx))


def print_facts(facts: Iterable[tuple[str, str]]) -> None:
    """Print names and texts, one pair per line, whatever the texts quote."""
    for name, text in facts:
        print(f"{name:<12} {printable_line(text)}")
