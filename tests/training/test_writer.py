"""Jobs of the writer, in the background and at once."""

import sys
import threading
from collections.abc import Callable

import pytest
import torch

import training.saver
from model.networks.nl2net import NL2Net
from model.trainers.trainer import Trainer
from tests.conftest import CommandLine
from tests.training.conftest import train_as_on_cuda
from training.log import TrainingLog
from training.train import saves_in_background
from training.writer import Throttle, Writer


@pytest.mark.parametrize("background", [False, True])
def test_jobs_are_done_in_order_and_all_at_the_end(background: bool) -> None:
    done: list[int] = []
    with Writer(background=background) as writer:
        for number in range(0, 20, 2):
            writer.submit(lambda: done.append(number), lambda: done.append(number + 1))  # noqa: B023
            writer.raise_if_failed()
    assert done[1::2] == [number + 1 for number in done[::2]] and len(done) == 20


def blocked() -> tuple[threading.Event, Callable[[], object]]:
    """Return a job that waits, and the event that it waits for."""
    event = threading.Event()
    return event, lambda: event.wait(60)


def test_one_job_at_most_is_pending() -> None:
    with Writer(background=True) as writer:
        event, job = blocked()
        writer.submit(job)
        assert writer.busy
        writer.raise_if_failed()  # does not wait
        threading.Timer(0.05, event.set).start()
        writer.submit(lambda: None)
        assert event.is_set()  # it has waited for the first


def fail() -> None:
    raise OSError("full")


def test_an_error_is_raised_once_by_the_next_call() -> None:
    for call in (Writer.wait, Writer.submit):
        with Writer(background=True) as writer:
            writer.submit(fail)
            with pytest.raises(OSError, match="full"):
                call(writer)
            writer.raise_if_failed()
    with pytest.raises(OSError, match="full"), Writer(background=True) as writer:
        writer.submit(fail)
    with pytest.raises(OSError, match="full"), Writer(background=False) as writer:
        writer.submit(fail)


def test_the_interpreter_is_given_back_quickly_while_files_are_written() -> None:
    before = sys.getswitchinterval()
    with Writer(background=True):
        assert sys.getswitchinterval() <= 2e-4  # a step takes 2e-3 s
    with Writer(background=False):
        assert sys.getswitchinterval() == before
    assert sys.getswitchinterval() == before


def test_the_first_error_is_the_one_to_report() -> None:
    with pytest.raises(KeyError), Writer(background=True) as writer:
        writer.submit(fail)
        raise KeyError


def test_what_comes_after_a_failed_job_is_not_done() -> None:
    done: list[bool] = []
    with pytest.raises(OSError, match="full"), Writer(background=True) as writer:
        writer.submit(fail, lambda: done.append(True))
    assert not done


def test_a_throttle_allows_the_first_and_no_more_within_its_time() -> None:
    slow, off = Throttle(1000), Throttle(0)
    assert [slow.allows() for _ in range(3)] == [True, False, False]
    assert all(off.allows() for _ in range(3))


@pytest.mark.parametrize(("device", "background"), [("cpu", False), ("cuda", True)])
def test_a_training_on_cuda_saves_in_the_background(device: str, background: bool) -> None:
    trainer = Trainer(NL2Net(bands=2, channels=4, depth=1))
    trainer.device = torch.device(device)
    assert saves_in_background(trainer) == background


@pytest.mark.usefixtures("small_scene")
def test_in_the_background_pictures_are_few_but_the_last_is_one_of_them(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_as_on_cuda(monkeypatch)
    monkeypatch.setattr(training.saver, "SECONDS", 1000)
    drawn: list[int] = []
    monkeypatch.setattr(TrainingLog, "write_picture", lambda _, epoch, __: drawn.append(epoch))
    run("--command", "train", "--dataset", "small", "--epochs", "6", "--save_freq", "1")
    assert drawn == [1, 6]
