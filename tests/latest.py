"""The folder of a scene's latest prediction."""

from pathlib import Path

from detection.results.latest import latest_run


def latest(scene: str) -> Path:
    """Return the folder of the run whose files are in `result/<scene>`."""
    folder = latest_run(Path("result", scene))
    assert folder is not None, sorted(Path("result").rglob("*"))
    return folder
