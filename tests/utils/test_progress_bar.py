"""The bar of work that takes long, and the seconds of phases."""

import re
import sys
import time

import pytest

from utils import progress_bar as module
from utils.output import directed_output
from utils.progress_bar import drawn_bar, phase, progress_bar


def test_nothing_is_shown_of_quick_work(capsys: pytest.CaptureFixture[str]) -> None:
    with directed_output(), progress_bar("reading") as show:
        show(0.5)
        show(1.0)
    assert capsys.readouterr() == ("", "")


def test_long_work_shows_its_share(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DELAY", 0)
    monkeypatch.setattr(module, "INTERVAL", 0)
    with directed_output(), progress_bar("reading") as show:
        time.sleep(0.11)  # more than from one state to the next
        show(0.25)
        assert re.search(r"reading:  25%\|.*\| 00:00, 00:00 left", capsys.readouterr().err)
        show(1.0)
    assert capsys.readouterr().err == "reading: 00:00\n"


def test_where_there_is_no_terminal_states_are_lines_that_nothing_joins(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DELAY", 0)
    with directed_output(), progress_bar("writing") as show:
        for share in (0, 0.5, 1.0):
            monkeypatch.setattr(module, "INTERVAL", 10 if share == 0.5 else 0)
            time.sleep(0.11)  # more than from one state to the next
            show(share)
            print("a note", file=sys.stderr)
    lines = capsys.readouterr().err.splitlines()
    assert not any("\r" in line for line in lines)
    states = [line.partition("|")[0] for line in lines if line != "a note"]
    assert states == ["writing: 00:00", "writing:   0%", "writing: 00:00"]


@pytest.mark.parametrize("quiet", [True, False])
def test_a_quiet_command_and_a_program_that_imports_this_show_no_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, quiet: bool
) -> None:
    monkeypatch.setattr(module, "DELAY", 0)
    if quiet:
        with directed_output(quiet=True), progress_bar("reading") as show:
            show(1.0)
    with progress_bar("reading") as show:
        show(1.0)
    assert capsys.readouterr() == ("", "")


def test_verbose_prints_the_seconds_of_a_phase(capsys: pytest.CaptureFixture[str]) -> None:
    for verbose in (False, True):
        with directed_output(verbose=verbose), phase("reading"):
            pass
    assert re.fullmatch(r"reading: 0\.\d\d s\n", capsys.readouterr().out)


def test_a_disabled_bar_is_not_drawn_again() -> None:
    """tqdm gives such a bar, as with TQDM_DISABLE=1, no time of its start."""
    with directed_output(), drawn_bar(total=3, disable=True) as bar:
        assert bar not in module.TICKER.bars
        module.TICKER.draw()
