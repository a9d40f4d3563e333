"""Ctrl-C at the right moment."""

import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

import main
from options.parse import parse
from utils.signals import StoppedBySignal, catching_signals, deaf_processes, deferring_interrupt


def test_an_interrupt_waits_for_the_end_of_the_block() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), deferring_interrupt():
        signal.raise_signal(signal.SIGINT)
        done.append(True)
    assert done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_an_interrupt_nothing_happens() -> None:
    with deferring_interrupt():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_comes_out_of_the_block() -> None:
    with pytest.raises(OSError, match="full"), deferring_interrupt():
        raise OSError("full")


@pytest.mark.skipif(sys.platform == "win32", reason="sends signals as POSIX does")
def test_deaf_processes_outlive_an_interrupt_and_others_do_not() -> None:
    program = "import signal; signal.raise_signal(signal.SIGINT); print('alive')"
    command = [sys.executable, "-c", program]
    with deaf_processes():
        deaf = subprocess.run(command, capture_output=True, text=True)
    other = subprocess.run(command, capture_output=True, text=True)
    assert deaf.returncode == 0 and deaf.stdout == "alive\n" and deaf.stderr == ""
    assert other.returncode == -signal.SIGINT and other.stdout == ""


def test_other_threads_do_without() -> None:
    done = []

    def work() -> None:
        with deferring_interrupt():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_work_where_it_can_and_a_second_one_at_once(
    number: signal.Signals, code: int
) -> None:
    before = [signal.getsignal(ending) for ending in (signal.SIGINT, signal.SIGTERM)]
    with catching_signals() as asked:
        asked.raise_if_stopped("not yet")
        signal.raise_signal(number)
        assert asked.should_save() and asked.should_save()
        for ending in (signal.SIGINT, signal.SIGTERM):
            assert signal.getsignal(ending) is signal.SIG_DFL  # nothing holds the next one back
        with pytest.raises(StoppedBySignal, match="here") as stop:
            asked.raise_if_stopped("here")
    assert stop.value.exit_code == code
    assert [signal.getsignal(ending) for ending in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="this system has no SIGUSR1")
def test_sigusr1_asks_once_to_save_and_for_no_end() -> None:
    with catching_signals() as asked:
        assert not asked.should_save()
        signal.raise_signal(signal.SIGUSR1)
        assert asked.should_save() and not asked.should_save()
        asked.raise_if_stopped("not asked for")


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="this system has no SIGUSR1")
@pytest.mark.usefixtures("small_scene")
def test_sigusr1_ends_no_program_outside_the_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def handler_at_parsing(words: list[str]) -> Any:
        seen.append(signal.getsignal(signal.SIGUSR1))
        return parse(words)

    monkeypatch.setattr(main, "parse", handler_at_parsing)
    before = signal.signal(signal.SIGUSR1, signal.SIG_DFL)  # as a program starts
    try:
        main.main(["--command", "info", "--dataset", "small"])
        seen.append(signal.getsignal(signal.SIGUSR1))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert seen == [signal.SIG_IGN] * 2
