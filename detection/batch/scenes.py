"""Process several scenes in turn: a batch."""

import time
import traceback
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from data.reading.by_name import scene_name
from detection.batch.outcome import Outcome, counts, outcome_table
from detection.batch.summary import Summary
from model.methods import METHODS
from options.flag import RUNS
from options.program import print_error
from utils.errors import error_message
from utils.files import print_paths
from utils.output import kept_back, print_result, print_warning, prints_details
from utils.text import printable, printable_line

Work = Callable[[Namespace], Mapping[str, Any] | None]

SUMMARISED = ("predict", "run")  # the commands whose outcomes are results


def process_batch(args: Namespace, work: Work, *, scenes: Sequence[str]) -> list[Outcome]:
    """Work on each scene in turn; an error in one does not keep the others from it.

    At the end, also an early one, there is a table of all scenes, and the reasons of those that
    failed; with results also a row each in `summary.csv`.
    """
    summary = Summary(args.result_dir) if args.command in SUMMARISED else None
    if summary is not None and summary.note:
        print(summary.note)
    outcomes: list[Outcome] = []
    in_a_line = args.command in RUNS and not prints_details()
    try:
        for number, dataset in enumerate(scenes, start=1):
            heading = f"[{number}/{len(scenes)}] {scene_name(dataset)}"
            process = process_in_a_line if in_a_line else process_in_full
            outcome = process(args, work, dataset=dataset, heading=heading)
            outcomes.append(outcome)
            if summary is not None:
                summary.add(outcome)
    finally:
        print_outcomes(outcomes, planned=len(scenes))
        if summary is not None and outcomes:
            print_paths([summary.path])
    return outcomes


def process_in_full(args: Namespace, work: Work, *, dataset: str, heading: str) -> Outcome:
    """Work on one scene, with all lines of it below a heading."""
    print_result(printable_line(heading))  # the lines below it do not name the scene
    return process_scene(args, work, dataset=dataset)


def process_in_a_line(args: Namespace, work: Work, *, dataset: str, heading: str) -> Outcome:
    """Work on one scene, and print its outcome in a line; warnings and cautions follow."""
    with kept_back(heading=printable(heading)) as warnings:
        outcome = process_scene(args, work, dataset=dataset)
    print_result(printable_line(f"{heading}: {outcome.line}"))
    name = f"{outcome.scene}: "
    for line in [*warnings.getvalue().splitlines(), *outcome.cautions]:
        print_warning(printable_line(name + line.removeprefix(name)))
    return outcome


def process_scene(args: Namespace, work: Work, *, dataset: str) -> Outcome:
    """Work on one scene; print an error, with its traceback where it is a defect."""
    started = time.perf_counter()
    result: Mapping[str, Any] | None = None
    failed = ""
    try:
        result = work(Namespace(**{**vars(args), "dataset": [dataset]}))
    except BrokenPipeError:
        raise
    except Exception as error:
        failed = describe_failure(error)
        print_error(f"{scene_name(dataset)}: {failed}")
    return Outcome(
        scene=scene_name(dataset),
        dataset=dataset,
        method=method_of(args, result or {}),
        seconds=time.perf_counter() - started,
        result=result or {},
        failed=failed,
    )


def method_of(args: Namespace, result: Mapping[str, Any]) -> str:
    """Return the title of the method: that of the training which --name or --weights refer to.

    Of commands without a method, or with several, it is empty.
    """
    return str(result.get("title", METHODS[args.method].title)) if args.command in RUNS else ""


def describe_failure(error: Exception) -> str:
    """Describe an error in one line; print the traceback of one that is a defect."""
    try:
        return error_message(error)
    except Exception:
        traceback.print_exc()
        return printable_line(f"{type(error).__name__}: {error} (a defect: please report it)")


def print_outcomes(outcomes: Sequence[Outcome], *, planned: int) -> None:
    """Print the table of all scenes so far, and the reasons of those that failed."""
    print_result(f"\n{counts(outcomes, planned=planned)}")
    for line in outcome_table(outcomes) if outcomes else []:
        print_result(line)
    for one in outcomes:
        if one.failed:
            print(printable_line(f"failed: {one.scene}: {one.failed}"))
