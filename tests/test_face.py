"""What `import nl2net` gives."""

import nl2net
from detection.estimator import AnomalyDetector
from model.methods import METHODS


def test_the_face_has_what_it_names() -> None:
    assert all(hasattr(nl2net, name) for name in nl2net.__all__)
    assert nl2net.METHODS is METHODS and nl2net.AnomalyDetector is AnomalyDetector
