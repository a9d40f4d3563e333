"""Bars and other text that share a terminal, as the terminal shows them."""

import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import pytest

from utils import progress_bar as module
from utils.output import directed_output, kept_back, print_result
from utils.progress_bar import drawn_bar, progress_bar


class Terminal(io.StringIO):
    """A terminal that standard output and standard error share."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    @property
    def lines(self) -> list[str]:
        """The lines on the screen, where a text covers what stands at its place."""
        screen = []
        for line in self.getvalue().split("\n"):
            shown = ""
            for text in line.split("\r"):
                shown = text + shown[len(text) :]
            screen.append(shown.rstrip())
        return screen


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr(module, "DELAY", 0)
    return Terminal()


@contextmanager
def on(terminal: Terminal) -> Iterator[None]:
    """Print into a terminal."""
    with redirect_stdout(terminal), redirect_stderr(terminal):
        yield


def test_no_line_joins_a_bar_and_the_bar_is_drawn_again_below(terminal: Terminal) -> None:
    with on(terminal), directed_output():
        with drawn_bar(desc="training", total=4, mininterval=0) as bar:
            print("a note")
            bar.update()
            print("an error", file=sys.stderr)
            assert terminal.lines[-2:] == ["an error", ""]
            bar.update()
            assert terminal.lines[-1].startswith("training:  50%")
        print("the end")
    first, second, bar_line, *last = terminal.lines
    assert (first, second, *last) == ("a note", "an error", "the end", "")
    assert bar_line.startswith("training:  50%")


def test_the_bars_of_a_batch_name_the_scene_and_leave_no_line(terminal: Terminal) -> None:
    with on(terminal), directed_output():
        with kept_back(heading="[1/2] a"), progress_bar("writing") as show:
            show(0.5)
            time.sleep(0.11)  # more than from one state to the next
            show(0.75)
            assert terminal.lines[0].startswith("[1/2] a: writing:  75%")
        print_result("[1/2] a: 3×3×2, RX")
    assert terminal.lines == ["[1/2] a: 3×3×2, RX", ""]


def test_a_bar_waits_for_the_end_of_a_line(terminal: Terminal) -> None:
    settings = {"desc": "training", "total": 4, "mininterval": 0}
    with on(terminal), directed_output(), drawn_bar(**settings) as bar:
        print("begun, ", end="")
        bar.update()
        assert terminal.lines == ["begun,"]
        print("ended")
        bar.update()
        assert terminal.lines[0] == "begun, ended"
        assert terminal.lines[1].startswith("training:  50%")


def test_a_failure_stands_below_the_last_state_of_a_bar(terminal: Terminal) -> None:
    with on(terminal):
        with pytest.raises(OSError), directed_output(), progress_bar("writing") as show:
            show(0.5)
            raise OSError
        print("main.py: error: no space", file=sys.stderr)
    assert terminal.lines[0].startswith("writing:  50%")
    assert terminal.lines[1:] == ["main.py: error: no space", ""]


def test_work_without_a_share_shows_the_time_that_has_passed(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TICK", 0.01)
    monkeypatch.setattr(module, "DELAY", 0.02)
    work = "reading"
    with on(terminal), directed_output(), progress_bar(work), progress_bar(work):
        until(lambda: "reading: 00:00" in terminal.lines[-1])
    assert terminal.lines == ["reading: 00:00", ""]


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, for ten seconds at most."""
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    assert condition()
