"""Run the commands of the documentation, shortened, in a scratch folder."""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import main
from model.methods import METHODS
from tests.docs.pages import ROOT, Block

PROGRAM = re.compile(r"(?:\w+=\S+ )*(?:python main\.py|nl2net) (?P<arguments>.*)")
# of an option, a run's folder, and its weights
EPOCHS = re.compile(r"(?<=--epochs )\d+|(?<=_epoch_)\d+|\d+(?=\.pkl)")
SHORTENED = ("train", "predict", "run", "reproduce")


def run_block(block: Block) -> str:
    """Run the commands of a block in the current folder; return the output of the last one."""
    output = ""
    for command in block.commands():
        program = PROGRAM.fullmatch(command)
        if program is None:
            run_in_shell(f"{command} {block.marks.get('with', '')}", place=block.place)
            continue
        arguments = program["arguments"]
        if "fails" in block.marks:
            words = shlex.split(arguments)
        else:
            words = [*shortened(arguments), *shlex.split(block.marks.get("with", ""))]
        output = run_program(words, fails="fails" in block.marks, place=block.place)
    return output


def run_program(words: list[str], *, fails: bool, place: str) -> str:
    """Run the program in this process; return the error that it reports, or what it prints."""
    printed, errors = io.StringIO(), io.StringIO()
    code: object = 0
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
        try:
            main.main(words)
        except SystemExit as stop:
            code = stop.code or 0
    assert code == (2 if fails else 0), f"{place}: exit code {code}: {errors.getvalue()}"
    output = errors.getvalue().splitlines()[-1] if fails else printed.getvalue()
    return output.replace(f"{ROOT}/", "")  # the same wherever the program is


def run_in_shell(command: str, *, place: str) -> None:
    """Run another command, with the interpreter of the tests as `python`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{place}: {command}: {done.stderr}"


def shortened(command: str) -> list[str]:
    """Give the training of a command few epochs; it replaces an earlier one of the same run."""
    words = shlex.split(EPOCHS.sub(few_epochs, command), comments=True)
    given = dict(zip(words, words[1:], strict=False))
    task = given.get("--command", "predict")
    if task in SHORTENED and "--epochs" not in given and has_epochs(given):
        words += ["--epochs", "1"]
    if task in ("train", "run") and has_epochs(given) and "--resume" not in words:
        words.append("--overwrite")
    return words


def has_epochs(given: dict[str, str]) -> bool:
    """Whether the method of a command is trained, NL2Net where it names none."""
    return "epochs" in METHODS[given.get("--method", "nl2net")].options


def few_epochs(number: re.Match[str]) -> str:
    """Shorten a number of epochs to one, or to two from 200 on; keep one below ten."""
    epochs = int(number[0])
    return str(epochs if epochs < 10 else min(2, max(1, epochs // 100)))
