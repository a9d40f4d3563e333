"""The report of a prediction."""

import base64
import re
from io import BytesIO
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from data.metadata import Metadata
from detection.measures import compute_measures
from tests.detection.report.pages import (
    MASKED,
    NO_DATA,
    SCORES,
    TRUTH,
    array,
    embedded,
    has_array,
    report,
)

HOSTILE = """</script><script>alert("1")</script>"""


def test_the_page_holds_all_that_it_shows(tmp_path: Path) -> None:
    path = report(tmp_path)
    assert path == tmp_path / "report.html" and list(tmp_path.iterdir()) == [path]
    page = path.read_text(encoding="utf-8")
    assert "http:" not in page and "https:" not in page and "@import" not in page
    unscripted = re.sub("<script>.*</script>", "", page, flags=re.DOTALL)
    sources = re.findall(r'(?:src|href)="([^"]*)"|url\(([^)]*)\)', unscripted)
    assert len(sources) == 3  # icon, scene and truth
    assert all("".join(source).startswith("data:") for source in sources)


def test_scores_and_truth_are_embedded_as_they_are(tmp_path: Path) -> None:
    page = report(tmp_path).read_text(encoding="utf-8")
    scores, truth = array(page, "scores", "<f4"), array(page, "truth", "u1")
    assert np.array_equal(scores, SCORES.ravel()) and np.array_equal(truth, TRUTH.ravel())


def test_unlabelled_pixels_are_distinguished(tmp_path: Path) -> None:
    unlabelled = np.zeros(TRUTH.shape, bool)
    unlabelled[:3] = True
    scores = SCORES.copy()
    scores[2:5] = np.nan
    known = {"masked": np.isnan(scores), "unlabelled": unlabelled}
    page = report(tmp_path, scores=scores, **known).read_text(encoding="utf-8")
    truth = array(page, "truth", "u1").reshape(TRUTH.shape)
    assert (truth[:2] == 2).all() and np.array_equal(truth[3:], TRUTH[3:])
    assert "· 60 unlabelled pixels" in page and "· 90 no-data pixels" in page
    shown_ = " ".join(page.split())
    assert f"{TRUTH[5:].sum()} of 1,050 pixels; grey where there is no data or no label<" in shown_
    assert "detected, unlabelled" in page
    assert "label<" not in " ".join(report(tmp_path).read_text(encoding="utf-8").split())


def test_what_users_name_is_shown_as_text(tmp_path: Path) -> None:
    named: dict[str, Any] = {"name": HOSTILE, "method": HOSTILE}
    page = report(tmp_path, **named, options={HOSTILE: HOSTILE}).read_text(encoding="utf-8")
    assert "alert(" in page and HOSTILE not in page and "<script>alert" not in page


@pytest.mark.parametrize("anomalous", [False, True], ids=["background", "anomalous"])
def test_a_truth_of_one_class_has_no_rates_and_says_why(tmp_path: Path, anomalous: bool) -> None:
    path = report(tmp_path, truth=np.full_like(TRUTH, anomalous))
    page = path.read_text(encoding="utf-8")
    lacking = "background" if anomalous else "anomalous"
    assert f"the ground truth has no {lacking} pixel" in " ".join(page.split())
    assert not has_array(page, "truth")
    for name in ("detection-rate", "false-alarm-rate", "roc", "boxes"):
        assert f'id="{name}"' not in page
    assert "AUC_SNPR" not in page and 'id="mask"' in page and 'id="threshold"' in page


def test_measures_stand_in_the_table(tmp_path: Path) -> None:
    measures = compute_measures(TRUTH, SCORES)
    assert measures is not None
    page = report(tmp_path).read_text(encoding="utf-8")
    assert (
        f'<td>area under the ROC curve</td><td class="value">{measures["auc_df"]:.4f}</td>' in page
    )
    page = report(tmp_path, measures=measures | {"auc_snpr": inf}).read_text(encoding="utf-8")
    assert '<td>AUC(D,τ) / AUC(F,τ)</td><td class="value">∞</td>' in page


def picture(page: str, alt: str) -> NDArray[Any]:
    """A picture of the page in [0, 1], (H, W, 4)."""
    found = re.search(rf'src="data:image/png;base64,([^"]*)" alt="{alt}"', page)
    assert found
    return np.asarray(imread(BytesIO(base64.b64decode(found[1])), format="png"))


def test_no_data_pixels_are_counted_and_not_shown(tmp_path: Path) -> None:
    page = report(tmp_path, **MASKED).read_text(encoding="utf-8")
    text = " ".join(page.split())
    targets = (TRUTH & ~NO_DATA).sum()
    assert 0 < targets < TRUTH.sum()
    assert f"5 bands · {targets} anomalous pixels · 161 no-data pixels" in text
    assert f"white where anomalous: {targets} of 1,039 pixels; grey where there is no data" in text
    assert "no-data" not in report(tmp_path).read_text(encoding="utf-8")
    grey = picture(page, "The ground truth")[..., 0]
    assert np.array_equal(grey == 1, TRUTH & ~NO_DATA) and np.array_equal(
        grey == 0, ~TRUTH & ~NO_DATA
    )


def test_the_page_says_which_bands_the_colours_are(tmp_path: Path) -> None:
    metadata = Metadata(wavelengths=np.array([460.0, 540, 560, 600, 660]))
    plain, natural = (
        " ".join(report(tmp_path, **changes).read_text(encoding="utf-8").split())
        for changes in ({}, {"metadata": metadata})
    )
    assert "three bands</span>, stretched between" in plain
    assert "the bands nearest red, green and blue</span>, stretched between" in natural
    assert not np.array_equal(picture(plain, "The scene"), picture(natural, "The scene"))
    assert (embedded(plain)["rgb"], embedded(natural)["rgb"]) == ([2, 1, 0], [4, 1, 0])
