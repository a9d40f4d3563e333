"""Where a result comes from."""

import json
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

import pytest
import torch

from utils.provenance import device_name, provenance


def test_date_device_threads_and_versions() -> None:
    told = provenance(torch.device("cpu"))
    assert json.loads(json.dumps(told)) == told
    date = datetime.fromisoformat(str(told["date"]))
    assert abs(datetime.now(timezone.utc) - date) < timedelta(minutes=1)
    assert told["threads"] == torch.get_num_threads()
    versions = told["versions"]
    assert isinstance(versions, dict)
    assert versions["numpy"] == version("numpy") and versions["torch"] == version("torch")
    assert set(versions) == {"python", "torch", "numpy", "scipy", "scikit-learn"}


def test_the_processor_has_a_name() -> None:
    assert device_name(torch.device("cpu")).strip()


def test_a_card_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"Card {device.index}")
    assert device_name(torch.device("cuda", 2)) == "Card 2"
