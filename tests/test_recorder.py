"""The log of a training."""

import threading
from pathlib import Path

import pytest

from utils.recorder import TrainingRecord


def test_the_log_keeps_the_published_lines_and_is_whole_after_every_epoch(tmp_path: Path) -> None:
    record = TrainingRecord(tmp_path, options="seed: 1\n", epochs=2)
    record.add_loss(1, 0.51239)
    log = tmp_path / "log.txt"
    assert log.read_text() == "seed: 1\nEpoch 1/2\nTrain Loss:0.5124\n"
    record.add_loss(2, 0.5)
    record.close()
    assert log.read_text().endswith("Epoch 2/2\nTrain Loss:0.5000\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_names_the_folder(tmp_path: Path) -> None:
    (tmp_path / "log.txt").symlink_to("/dev/full")
    hook = threading.excepthook
    record = TrainingRecord(tmp_path, options="", epochs=1)
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}'"):
        record.add_loss(1, 0.5)
    with pytest.raises(OSError, match="No space left"):
        record.close()
    assert threading.excepthook is hook
