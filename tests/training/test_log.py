"""The log of a training."""

import errno
import threading
from pathlib import Path

import pytest

from training.events import quiet_thread_oserrors
from training.log import TrainingLog


def test_the_log_keeps_the_published_lines_and_is_whole_after_every_epoch(tmp_path: Path) -> None:
    record = TrainingLog(tmp_path, title="NL2Net", options="seed: 1\n", epochs=2)
    record.add_loss(1, 0.51239)
    record.pending()()
    log = tmp_path / "log.txt"
    assert log.read_text() == "seed: 1\nEpoch 1/2\nTrain Loss:0.5124\n"
    record.add_loss(2, 0.5)
    record.close()
    assert log.read_text().endswith("Epoch 2/2\nTrain Loss:0.5000\n")


def raise_in_thread(error: Exception) -> None:
    def fail() -> None:
        raise error

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


def test_only_os_errors_of_threads_are_kept_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: printed.append(args.exc_type))
    with quiet_thread_oserrors():
        raise_in_thread(OSError("disk"))
        raise_in_thread(ValueError("defect"))
    assert printed == [ValueError]
    raise_in_thread(OSError("after"))
    assert printed == [ValueError, OSError]


def test_a_log_that_cannot_be_written_names_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = TrainingLog(tmp_path, title="NL2Net", options="", epochs=1)
    monkeypatch.setattr(record.events.writer, "add_scalar", raise_disk_full)
    record.add_loss(1, 0.5)
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}'"):
        record.pending()()
    record.close()


def raise_disk_full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")
