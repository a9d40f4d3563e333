"""The detectors, the scenes and the methods, for notebooks and programs."""

from importlib.util import find_spec
from pathlib import Path

for _room in ("data", "detection", "model", "options", "utils"):
    _found = find_spec(_room)
    if _found and _found.origin and Path(_found.origin).parents[1] != Path(__file__).parent:
        raise ImportError(
            f"'{_found.origin}' hides the package '{_room}' of NL2Net: rename it, or start Python "
            f"in another folder"
        )

from data.reading.by_name import load_scene  # noqa: E402
from data.writing import write_scene  # noqa: E402
from detection.estimator import AnomalyDetector  # noqa: E402
from model.methods import METHODS  # noqa: E402
from options.version import VERSION as __version__  # noqa: E402

__all__ = ["METHODS", "AnomalyDetector", "__version__", "load_scene", "write_scene"]
