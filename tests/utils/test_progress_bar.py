"""The bar of a long detection."""

import pytest

from utils import progress_bar as module
from utils.progress_bar import progress_bar


def test_nothing_is_shown_of_a_quick_detection(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as show:
        show(0.5)
        show(1.0)
    assert capsys.readouterr() == ("", "")


def test_a_long_detection_shows_its_share(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DELAY", 0)
    with progress_bar() as show:
        show(0.25)
        show(1.0)
    assert "100%|" in capsys.readouterr().err
