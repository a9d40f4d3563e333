"""The estimator: the conventions of scikit-learn, and the numbers of the command line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.io import loadmat, savemat
from sklearn.base import clone

import main
from data.reading.by_name import load_scene
from data.reading.settings import ReadSettings
from data.scene import Scene
from detection.estimator import AnomalyDetector
from detection.task import Task
from model.methods import METHODS
from options.flags import FLAGS
from options.parameters import parameter_names
from tests import conftest
from tests.conftest import CommandLine

TINY: dict[str, Any] = {"epochs": 2, "nch_ker": 4, "nblk": 2, "device": "cpu"}
SPATIAL_REASON = "a pixel's score depends on the pixels around it"
SPATIAL = {
    "check_methods_sample_order_invariance": SPATIAL_REASON,
    "check_methods_subset_invariance": SPATIAL_REASON,
}
NOT_FOR = {
    "nl2net": SPATIAL,
    "crd": SPATIAL | {"check_fit2d_1sample": "an image of one pixel has no ring around it"},
}


@pytest.mark.parametrize(
    "estimator",
    [
        AnomalyDetector("rx", device="cpu"),
        AnomalyDetector(epochs=1, nch_ker=4, nblk=1, factor=1, device="cpu"),
        AnomalyDetector("crd", inner_window=1, outer_window=3, device="cpu"),
    ],
    ids=lambda estimator: estimator.method,
)
def test_scikit_learns_checks(estimator: AnomalyDetector) -> None:
    # here: it imports all of scikit-learn, which only one of the processes needs
    from sklearn.utils.estimator_checks import check_estimator

    expected = NOT_FOR.get(estimator.method, {})
    done = check_estimator(estimator, expected_failed_checks=expected, on_skip=None)
    assert {one["check_name"] for one in done if one["status"] == "xfail"} <= {*expected}
    assert sum(one["status"] == "passed" for one in done) > 30


def test_the_map_is_what_the_command_line_writes(
    run: CommandLine, small_scene: str, workplace: Path, cube: NDArray[Any]
) -> None:
    run("--command", "run", "--dataset", small_scene, "--seed", "3")  # with options as in TINY
    written = loadmat(workplace / "result" / small_scene / "detectmap.mat")["detectmap"]
    detector = AnomalyDetector(seed=3, **TINY).fit(cube)
    assert np.array_equal(detector.detection_map_, written)
    assert np.array_equal(detector.detection_map(cube), written)


@pytest.mark.parametrize("method, options", [("nl2net", TINY), ("rx", {"device": "cpu"})])
def test_a_scene_with_fill_values_has_the_map_that_the_command_line_writes(
    workplace: Path, cube: NDArray[Any], method: str, options: dict[str, Any]
) -> None:
    values = cube.astype(np.float32)
    values[2:4, 5], values[0, 0] = -9999, np.inf
    savemat("data/filled.mat", {"data": values})
    words = ["--command", "run", "--dataset", "filled", "--nodata", "-9999", "--method", method]
    main.main([*words, *(conftest.TINY if method == "nl2net" else ["--gpu_ids", "-1"])])
    written = loadmat("result/filled/detectmap.mat")["detectmap"]
    scene = load_scene("filled", data_dir=Path("data"), reading=ReadSettings(nodata=-9999))
    detector = AnomalyDetector(method, **options).fit(scene.scaled_cube())
    assert np.isnan(written).sum() == 3
    assert np.array_equal(detector.detection_map_, written, equal_nan=True)


@pytest.mark.parametrize(
    "method, options",
    [
        ("rx", {"ridge": 1e-3}),
        ("lrx", {"inner_window": 3, "outer_window": 7, "ridge": 1e-3}),
        ("crd", {"inner_window": 3, "outer_window": 7, "ridge": 1e-3}),
    ],
)
def test_the_map_is_that_of_a_method_without_training(
    method: str, options: dict[str, Any], cube: NDArray[Any], truth: NDArray[Any]
) -> None:
    scene = Scene("small", cube, truth, source="here")
    task = Task(method, options, scene, torch.device("cpu"))
    expected, _ = task.detect(task.build_detector())
    detector = AnomalyDetector(method, device="cpu", **options).fit(cube)
    assert np.array_equal(detector.detection_map_, expected)
    assert np.array_equal(detector.detection_map(cube), expected)


@pytest.mark.parametrize("method, options", [("nl2net", TINY), ("rx", {})])
def test_low_scores_are_anomalous(method: str, options: dict[str, Any], cube: NDArray[Any]) -> None:
    detector = AnomalyDetector(method, contamination=0.1, **options)
    labels = detector.fit_predict(cube)
    scores = detector.score_samples(cube)
    assert scores.shape == labels.shape == detector.detection_map_.shape == cube.shape[:2]
    assert np.array_equal(labels == -1, detector.decision_function(cube) < 0)
    assert (labels == -1).sum() == 15  # a tenth of 143 pixels
    assert np.argmin(scores) == np.argmax(detector.detection_map_)
    assert scores.max() <= 0


def test_a_table_of_spectra_is_an_image_one_pixel_wide(cube: NDArray[Any]) -> None:
    spectra = cube.reshape(-1, 5)
    detector = AnomalyDetector("rx").fit(cube)
    assert detector.n_features_in_ == 5
    scores = detector.score_samples(spectra)
    assert scores.shape == (143,)
    assert np.allclose(scores, detector.score_samples(cube).ravel())


@pytest.mark.parametrize("method, options", [("nl2net", TINY), ("rx", {})])
def test_other_cubes_are_scored_by_the_fitted_one(
    method: str, options: dict[str, Any], cube: NDArray[Any]
) -> None:
    detector = AnomalyDetector(method, **options).fit(cube)
    darker = (cube[:9] // 2).astype(cube.dtype)
    scores = detector.score_samples(darker)
    assert scores.shape == (9, 11)
    changed = darker.copy()
    changed[0, 0] = 60_000  # another maximum
    assert np.allclose(detector.score_samples(changed)[8:, 10:], scores[8:, 10:], rtol=1e-3)
    refitted = clone(detector).fit(darker).score_samples(darker)
    assert not np.allclose(scores, refitted)


def test_auto_ad_scores_only_images_of_its_size(cube: NDArray[Any]) -> None:
    detector = AnomalyDetector("autoad", epochs=1, nch_ker=4, device="cpu").fit(cube)
    with pytest.raises(ValueError, match="13×11, not 12×11"):
        detector.score_samples(cube[1:])


@pytest.mark.parametrize("method, options", [("nl2net", TINY), ("rx", {})])
def test_no_data_pixels_are_ignored(
    method: str, options: dict[str, Any], cube: NDArray[Any]
) -> None:
    masked = np.zeros((13, 11), bool)
    masked[2:4, 5] = True
    floats = cube.astype(np.float64)
    floats[2, 5], floats[3, 5] = np.nan, (np.inf, np.nan, -np.inf, np.inf, np.nan)
    detector = AnomalyDetector(method, **options).fit(floats)
    for scores in (detector.score_samples(floats), detector.detection_map_):
        assert np.array_equal(np.isnan(scores), masked)
    assert (detector.predict(floats)[masked] == 1).all()
    assert np.nanmax(detector.detection_map_) == 1
    assert np.isfinite(detector.offset_)
    floats[3, 5, 0] = 1  # in some bands alone
    for refused in (detector.fit, detector.score_samples):
        with pytest.raises(ValueError, match="X has 4 NaN or infinite values.*row 3, column 5"):
            refused(floats)


@pytest.mark.parametrize("value", [1e300, -1e300, np.longdouble("1e4000"), 1e39])
def test_a_value_too_far_from_the_fitted_ones_is_refused_not_normal(
    value: float, cube: NDArray[Any]
) -> None:
    detector = AnomalyDetector("rx", device="cpu").fit(cube)
    other = cube.astype(np.longdouble)
    other[3, 4, 2] = value
    for score in (detector.predict, detector.score_samples, detector.detection_map):
        with pytest.raises(ValueError, match="has 1 NaN or infinite values.*row 3, column 4, band"):
            score(other)
    other[3, 4] = np.nan  # a no-data pixel is none
    assert detector.predict(other)[3, 4] == 1
    with pytest.raises(ValueError, match="float32 cannot hold the cube's values"):
        AnomalyDetector("rx", device="cpu").fit(np.where(cube == cube.max(), value, cube))


def test_a_score_that_is_not_finite_is_refused(cube: NDArray[Any]) -> None:
    detector = AnomalyDetector("nl2net", **TINY).fit(cube)
    other = cube.astype(np.float64)
    other[3, 4] = 1e25  # float32 holds it, but not its square
    with pytest.raises(ValueError, match=r"of 143 scores are not finite, the first at row \d+, "):
        detector.predict(other)


def test_parameters_are_the_options(cube: NDArray[Any]) -> None:
    detector = AnomalyDetector("rx").set_params(ridge=0.1)
    copy = clone(detector)
    assert copy.get_params() == detector.get_params()
    assert copy.get_params()["method"] == "rx"
    assert copy.get_params()["ridge"] == 0.1
    before = clone(copy).set_params(ridge=None).fit(cube).score_samples(cube)
    assert not np.allclose(copy.fit(cube).score_samples(cube), before)


def test_the_score_is_an_option_by_another_name(cube: NDArray[Any]) -> None:
    """scikit-learn gives the name `score` to a method of estimators."""
    plain = AnomalyDetector("rx").fit(cube)
    combined = AnomalyDetector("rx", pixel_score="combined", largest_object=4).fit(cube)
    assert "score" not in combined.get_params()
    assert not np.allclose(combined.detection_map_, plain.detection_map_)
    with pytest.raises(ValueError, match="^pixel_score deviation needs .*method rx has none"):
        AnomalyDetector("rx", pixel_score="deviation").fit(cube)


def test_only_the_map_of_the_fitted_cube_is_averaged(cube: NDArray[Any]) -> None:
    plain, averaged = (AnomalyDetector(average_every=n, **TINY).fit(cube) for n in (0, 1))
    assert averaged.offset_ == plain.offset_
    np.testing.assert_array_equal(averaged.score_samples(cube), plain.score_samples(cube))
    assert not np.allclose(averaged.detection_map_, plain.detection_map_)


def test_losses_are_kept(cube: NDArray[Any]) -> None:
    losses = AnomalyDetector(mode=("na", "ss"), **TINY).fit(cube).losses_
    assert len(losses) == 2
    assert AnomalyDetector("rx").fit(cube).losses_ == []


@pytest.mark.parametrize(
    "method, options, message",
    [
        ("rx", {"epochs": 5}, "^epochs does not apply to method rx"),
        ("nl2net", {"epochs": 0}, "^epochs: 0 is not a whole number from 1"),
        ("nl2net", {"mode": "na,ss", "nblk": 3}, "^mode names 2 blocks, but nblk is 3"),
        ("no such", {}, "^method: invalid choice: 'no such'"),
        ("nl2net", {"factor": 14, "device": "cpu"}, "factor 14 is larger than the image"),
        (
            "rx",
            {"contamination": 0.0},
            r"float in the range \(0.0, 0.5\]. Got 0.0 instead",
        ),
    ],
)
def test_options_that_cannot_be_are_refused(
    method: str, options: dict[str, Any], message: str, cube: NDArray[Any]
) -> None:
    detector = AnomalyDetector(method, **options)
    with pytest.raises(ValueError, match=message):
        detector.fit(cube)


METHOD_OF = {  # of an option that NL2Net does not have
    option: name for name, method in METHODS.items() for option in method.options
} | dict.fromkeys(METHODS["nl2net"].options, "nl2net")


@pytest.mark.parametrize("parameter", sorted(parameter_names()))
def test_a_message_on_a_bad_value_names_the_parameter(parameter: str, cube: NDArray[Any]) -> None:
    option = parameter_names()[parameter]
    for value in FLAGS[option].type.refused:
        if value is None:  # the default of the method
            continue
        given: dict[str, Any] = {parameter: value}
        detector = AnomalyDetector(METHOD_OF.get(option, "nl2net"), **given)
        with pytest.raises(ValueError) as raised:
            detector.fit(cube)
        assert "--" not in str(raised.value) and "argument" not in str(raised.value)
        assert parameter in str(raised.value)


@pytest.mark.parametrize(
    "own", [{"contamination": "x"}, {"contamination": True}, {"device": "no such"}, {"device": 1.5}]
)
def test_bad_values_of_its_own_have_the_words_of_scikit_learn(
    own: dict[str, Any], cube: NDArray[Any]
) -> None:
    ((name, value),) = own.items()
    message = f"The '{name}' parameter of AnomalyDetector must be .* Got {value!r} instead"
    with pytest.raises(ValueError, match=message):
        AnomalyDetector("rx", **own).fit(cube)


@pytest.mark.parametrize("dtype", [np.float64, np.uint16])
def test_masked_pixels_of_a_masked_array_are_no_data(cube: NDArray[Any], dtype: type) -> None:
    values: NDArray[Any] = (cube * 1000).astype(dtype)
    hidden = np.zeros(cube.shape, bool)
    hidden[3, 5, 1] = hidden[7, 2] = True
    nan = values.astype(np.float64)
    nan[hidden.any(axis=2)] = np.nan
    values[hidden] = 60000  # far outside of all others
    found = AnomalyDetector("rx").fit(np.ma.array(values, mask=hidden))
    expected = AnomalyDetector("rx").fit(nan)
    assert np.isnan(found.detection_map_[3, 5]) and np.isnan(found.detection_map_[7, 2])
    np.testing.assert_allclose(found.detection_map_, expected.detection_map_, rtol=1e-5)
    scores = found.score_samples(np.ma.array(values, mask=hidden))
    assert np.isnan(scores).sum() == 2


def test_the_progress_is_shown_where_asked_for(
    cube: NDArray[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    AnomalyDetector(**TINY).fit(cube)
    assert capsys.readouterr().err == ""
    AnomalyDetector(verbose=True, **TINY).fit(cube)
    assert "2/2" in capsys.readouterr().err
