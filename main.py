"""NL2Net on the command line: train on a scene, predict on it, report the AUC, make tables."""

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, NoReturn

from options.parse import parse
from options.program import print_error
from options.version import VERSION
from utils.drawing import draw_into_files
from utils.errors import error_message
from utils.output import directed_output, print_json
from utils.signals import StoppedBySignal, ignore_saving
from utils.streams import lost_output, make_tolerant, open_closed_streams

SOME_FAILED = 3  # the exit code where some of several scenes have failed


class Answer(NamedTuple):
    """The end of a command: its result as values of JSON, its exit code, and a last line."""

    result: object = None
    code: int = 0
    message: str = ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; exit with 2 and one line for an error that the user can fix."""
    open_closed_streams()
    ignore_saving()
    draw_into_files()
    try:
        args, given = parse(arguments)
        hide_unused_cuda(args)
        with directed_output(quiet=args.quiet, verbose=args.verbose, as_json=args.json):
            answer = answer_of(args, given)
        if args.json:
            print_json(answer.result)
        report_lost_output(required=args.json or args.command == "info")
        if answer.code:
            exit_with(answer.code, answer.message)
    except StoppedBySignal as stop:
        exit_with(stop.exit_code, f"\n{stop}")
    except KeyboardInterrupt:
        exit_with(130, "\ninterrupted")
    except BrokenPipeError:  # who read the output, such as head, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None
    except Exception as error:
        exit_with_error(error_message(error))


def answer_of(args: Namespace, given: Mapping[str, Any]) -> Answer:
    """Run the command; with `--verbose`, print versions and machine first."""
    if args.verbose:
        from utils.provenance import describe_machine

        print(describe_machine(VERSION))
    return COMMANDS[args.command](args, given)


def hide_unused_cuda(args: Namespace) -> None:
    """Hide CUDA devices from a run on the CPU: torch would start a card, busy or broken, for it."""
    if -1 in args.gpu_ids and "torch" not in sys.modules:  # later it would have no effect
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


# torch takes seconds to import, so each command imports what it needs, and the help nothing


def train(args: Namespace, given: Mapping[str, Any]) -> Answer:
    """Train on each scene; save weights, log and TensorBoard events."""
    from training.commands import train
    from training.recall import scenes_of_name

    return for_each_scene(scenes_of_name(args, given), partial(train, given=given))


def predict(args: Namespace, given: Mapping[str, Any]) -> Answer:
    """Score each scene, with trained weights where the method has any; write maps and pictures."""
    from training.commands import predict
    from training.recall import scenes_of_name

    return for_each_scene(scenes_of_name(args, given), partial(predict, given=given))


def run(args: Namespace, given: Mapping[str, Any]) -> Answer:
    """Train on each scene where the method has to, and predict on it."""
    from training.commands import run
    from training.recall import scenes_of_name

    return for_each_scene(scenes_of_name(args, given), partial(run, given=given))


def info(args: Namespace, given: Mapping[str, Any]) -> Answer:
    """Describe each scene: the contents of its file, how they are read, and what is known of it."""
    from detection.info import info

    return for_each_scene(args, info)


def scenes(args: Namespace, given: Mapping[str, Any]) -> Answer:
    """List the known scenes and those that are there, or download those that are missing."""
    from data.known_scenes.command import fetch_scenes, list_scenes

    work = fetch_scenes if args.fetch else list_scenes
    return Answer(work(given.get("dataset", []), data_dir=args.data_dir))


def reproduce(args: Namespace, given: Mapping[str, Any]) -> Answer:
    """Compute a table of methods, scenes and seeds; exit with 1 where parts of it are missing."""
    from experiments.commands import reproduce

    table, complete = reproduce(args, given)
    if complete:
        return Answer(table)
    return Answer(table, 1, "parts of the table are missing; the same command tries them again")


def runs(args: Namespace, given: Mapping[str, Any]) -> Answer:
    """List trainings and predictions, the newest first."""
    from detection.results.runs import list_runs

    return Answer(list_runs(args, given))


def compare(args: Namespace, given: Mapping[str, Any]) -> Answer:
    """Set predictions of each scene side by side: measures, maps, curves, agreement."""
    from training.compare import compare

    return for_each_scene(args, partial(compare, given=given))


def blindspot(args: Namespace, given: Mapping[str, Any]) -> Answer:
    """Draw the receptive fields of blind-spot networks, and print what they are blind to."""
    from experiments.commands import blindspot

    blindspot(args, given)
    return Answer()


COMMANDS = {
    "train": train,
    "predict": predict,
    "run": run,
    "info": info,
    "scenes": scenes,
    "reproduce": reproduce,
    "runs": runs,
    "compare": compare,
    "blindspot": blindspot,
}


def for_each_scene(args: Namespace, work: Callable[[Namespace], Any]) -> Answer:
    """Process each scene, or each in a folder, in turn; the answer lists their results.

    Its exit code is 3 where some of them fail.
    """
    from data.reading.by_name import scene_names
    from data.reading.scene_folder import find_scenes
    from detection.batch.scenes import process_batch

    scenes, notes = find_scenes(args.dataset, data_dir=args.data_dir, data_key=args.data_key)
    for note in notes:
        print(note)
    scene_names(scenes)  # raises where two would share their runs and results
    if scenes == args.dataset and len(scenes) == 1:
        return Answer([work(args)])
    outcomes = process_batch(args, work, scenes=scenes)
    failed = sum(bool(outcome.failed) for outcome in outcomes)
    code = 2 if failed == len(outcomes) else SOME_FAILED if failed else 0
    return Answer([outcome.answer for outcome in outcomes], code)


def report_lost_output(*, required: bool) -> None:
    """Report that lines could not be printed; raise the OSError where they are all there is."""
    error = lost_output()
    if error is None:
        return
    if required:
        raise error
    if not isinstance(error, BrokenPipeError):
        print(
            f"not all lines could be printed ({error.strerror}); the work is done", file=sys.stderr
        )


def exit_with(code: int, message: str) -> NoReturn:
    """End the program with an exit code and a last line, if any."""
    if message:
        print(message, file=sys.stderr)
    raise SystemExit(code)


def exit_with_error(message: str) -> NoReturn:
    """End the program for an error that the user can fix."""
    print_error(message)
    raise SystemExit(2)


def console() -> None:
    """Run from a shell, whatever becomes of its terminal and whatever characters that has."""
    open_closed_streams()
    make_tolerant()
    main()


if __name__ == "__main__":
    console()
