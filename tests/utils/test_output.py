"""The output of a command: where notes, results, warnings and details go."""

import json
import math
import sys
from pathlib import Path

import pytest

from utils.output import (
    directed_output,
    print_detail,
    print_json,
    print_result,
    print_warning,
    shows_progress,
)


def print_all() -> None:
    """Print one word of each kind."""
    print("note")
    print_result("result")
    print_warning("warning")
    print_detail("detail")


@pytest.mark.parametrize(
    ("words", "out", "err"),
    [
        ("", "note result warning", ""),
        ("verbose", "note result warning detail", ""),
        ("quiet", "result", "warning"),
        ("as_json", "", "note result warning"),
        ("as_json verbose", "", "note result warning detail"),
        ("as_json quiet", "", "warning"),
    ],
)
def test_each_kind_goes_to_its_place(
    capsys: pytest.CaptureFixture[str], words: str, out: str, err: str
) -> None:
    with directed_output(**dict.fromkeys(words.split(), True)):
        print_all()
    said = capsys.readouterr()
    assert (said.out.split(), said.err.split()) == (out.split(), err.split())


def test_the_output_is_as_before_after_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    with pytest.raises(KeyboardInterrupt), directed_output(quiet=True, as_json=True):
        raise KeyboardInterrupt
    assert sys.stdout is before
    print_all()
    assert capsys.readouterr().out.split() == ["note", "result", "warning"]


def test_progress_is_for_a_command_that_is_not_quiet() -> None:
    assert not shows_progress()  # as in a program that imports this one
    with directed_output():
        assert shows_progress()
    with directed_output(quiet=True):
        assert not shows_progress()


def test_an_answer_has_no_number_that_json_has_not(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"auc": math.nan, "more": [math.inf, 0.5, (1, True)], "path": Path("a/×\udcff")})
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert json.loads(printed, parse_constant=pytest.fail) == {
        "auc": None,
        "more": [None, 0.5, [1, True]],
        "path": "a/×\udcff",
    }
