"""Detectors with the interface of scikit-learn: a cube in, a detection map out."""

from numbers import Real
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data
from tqdm import tqdm

from data.checks import check_finite
from data.reading.nodata import count_invalid
from data.scene import Scene, scale_to_unit
from detection.learning import learn
from detection.measures import check_scores, min_max_scale
from detection.task import Task
from model.image import Image, cube_to_image
from options.parameters import (
    check_parameters,
    parameter_names,
    speaking_of_parameters,
    with_method_parameters,
)
from options.parse import resolve
from utils.devices import select_device
from utils.text import number_text

NOT_OF_THE_METHOD = ("device", "contamination", "verbose")

Cube = NDArray[np.float32]  # (H, W, B)


@with_method_parameters
class AnomalyDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]  # both untyped
    """A method of `--method` and its options, None for those at the method's defaults.

    `device` is a device of torch, None for CUDA where it is available and the CPU elsewhere;
    `contamination` the share of the fitted pixels that `predict` calls anomalous, above 0 and up to
    0.5; `verbose` shows the progress of a training.

    `X` is always a cube (H, W, B) of any real type, or a table of spectra (n, B), which is an image
    of n×1 pixels: methods that look at surroundings see a line of pixels. Results have one value
    per pixel, (H, W) or (n,). Pixels that are NaN or infinite in all bands are no-data pixels, as
    are those that a masked array masks in any band: they are ignored, their scores are NaN and
    their prediction is 1; any other value that is not finite is refused, as is one so far outside
    the fitted values that it or its score is not finite in float32.

    Every `X` is scaled by the minimum and the maximum of the fitted one, so that a pixel's score
    does not change with the rest of `X`; the command line scales each scene separately. Methods
    that see the values as they are stored, such as `frfe`, see `X` as it is. Another `X`
    is scored by what the method learned from the fitted one: networks by their weights, `rx` by its
    background. `lrx`, `crd` and `median` see only the given `X`, and `autoad` and `superad` compare
    any `X` with their reconstruction of the fitted one. Maps that are averaged over a training are
    those of the fitted `X`: only its `detection_map_` is their average.
    """

    def __init__(
        self,
        method: str = "nl2net",
        *,
        device: str | None = None,
        contamination: float = 0.01,
        verbose: bool = False,
        **options: Any,
    ) -> None:
        self.method = method
        self.device = device
        self.contamination = contamination
        self.verbose = verbose
        check_parameters(options)
        for name in parameter_names():
            setattr(self, name, options.get(name))

    def fit(self, X: ArrayLike, y: object = None) -> "AnomalyDetector":
        """Learn the background of `X`: train the network, or take the statistics.

        Sets `detection_map_` of `X`, `losses_` of the epochs and `offset_`, the score below
        which pixels are anomalous. Seeds Python, NumPy and torch, as the command line does.
        Raises ValueError for options that do not exist, do not apply to the method or do not suit
        the image, and for an `X` without usable numbers.
        """
        with speaking_of_parameters():
            return self._fit(X)

    def _fit(self, X: ArrayLike) -> "AnomalyDetector":
        """Fit the detector; messages speak of options of the command line."""
        check_contamination(self.contamination)
        device = device_of(self.device)
        method, options = resolve(self._given())
        array = self._checked(X, reset=True)
        cube = as_cube(array)
        masked = no_data(cube)
        scene = Scene("X", cube, None, source="X", masked=masked if masked.any() else None)
        task = Task(method, options, scene, device)
        self.range_, self.unscaled_ = scene.range, task.unscaled
        self.detector_ = task.build_detector()
        self.losses_ = self._train(task)
        self.detector_.keep_background(task.image)
        scores = self._detect(task.image, masked=masked).reshape(array.shape[:-1])
        self.offset_ = float(np.nanpercentile(-scores.astype(np.float64), 100 * self.contamination))
        if options.get("average_every"):
            average = self.detector_.detect_trained(task.image)[0].numpy()
            scores = average.reshape(array.shape[:-1])
        self.detection_map_ = min_max_scale(scores).astype(np.float32)
        return self

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:
        """Score every pixel, the lower the more anomalous.

        The score is minus the residual ‖x − x̂‖² / B, or minus the distance of a method without
        reconstruction.
        """
        return -self._scores(X).astype(np.float64)

    def detection_map(self, X: ArrayLike) -> NDArray[np.float32]:
        """Score every pixel from 0 to 1, the most anomalous, as `--command predict` does."""
        return min_max_scale(self._scores(X)).astype(np.float32)

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Score every pixel, below 0 where anomalous."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> NDArray[np.int_]:
        """Classify every pixel as anomalous, -1, or not, 1."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _train(self, task: Task) -> list[float]:
        """Train the detector, where its method is trained; return the loss of each epoch."""
        total = self.detector_.last_epoch(task.epochs)
        hidden = not self.verbose or total == 0
        epochs = learn(self.detector_, task.image, scene=task.scene, epochs=task.epochs)
        return [epoch.loss for epoch in tqdm(epochs, total=total, disable=hidden)]

    def _given(self) -> dict[str, Any]:
        """Collect the options that are not left at the defaults of the method."""
        options = parameter_names()
        return {
            options.get(name, name): value
            for name, value in self.get_params().items()
            if value is not None and name not in NOT_OF_THE_METHOD
        }

    def _checked(self, X: ArrayLike, *, reset: bool) -> NDArray[Any]:
        """Check `X` as scikit-learn does, bands being its features; return it as an array."""
        X = without_mask(X)
        array = check_array(X, allow_nd=True, ensure_all_finite=False)
        table = array.reshape(-1, array.shape[2]) if array.ndim == 3 else X
        validate_data(self, table, reset=reset, ensure_all_finite=False)
        return array

    def _scores(self, X: ArrayLike) -> NDArray[Any]:
        """Score every pixel, the higher the more anomalous."""
        check_is_fitted(self)
        array = self._checked(X, reset=False)
        cube = as_cube(array)
        masked = no_data(cube)
        # a range of 0 to 1 leaves the values as they are
        unit = scale_to_unit(cube, *((0, 1) if self.unscaled_ else self.range_))
        low, high = map(number_text, self.range_)
        hint = f"those values of X are too far from the fitted ones, {low} to {high}"
        check_finite(unit, "X, scaled as the fitted one,", masked=masked, hint=hint)
        unit[masked] = np.nan
        return self._detect(cube_to_image(unit), masked=masked).reshape(array.shape[:-1])

    def _detect(self, image: Image, *, masked: NDArray[np.bool_]) -> NDArray[Any]:
        """Score every pixel of an image, (H, W); raise ValueError where a score is not finite."""
        with speaking_of_parameters():
            scores = self.detector_.detect(image)[0].numpy()
            check_scores(scores, masked=masked)
        return scores


def check_contamination(contamination: object) -> None:
    """Raise ValueError, in the words of scikit-learn, for a share that is none or too large."""
    number = isinstance(contamination, Real) and not isinstance(contamination, bool)
    if not (number and 0 < float(contamination) <= 0.5):  # type: ignore[arg-type]
        raise ValueError(
            f"The 'contamination' parameter of AnomalyDetector must be a float in the range "
            f"(0.0, 0.5]. Got {contamination!r} instead."
        )


def device_of(name: str | None) -> torch.device:
    """Return the device of a name, the default for None; raise ValueError where there is none."""
    if name is None:
        return select_device([0])
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, TypeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f"The 'device' parameter of AnomalyDetector must be None or the name of a device of "
            f"torch on this machine. Got {name!r} instead: {reason}"
        ) from error
    return device


def without_mask(X: ArrayLike) -> ArrayLike:
    """Set the pixels that a masked array masks in any band to NaN; return other arrays as is."""
    if not isinstance(X, np.ma.MaskedArray):
        return X
    values = np.array(X.data, dtype=np.result_type(X.dtype, np.float32))
    values[np.ma.getmaskarray(X).any(axis=-1)] = np.nan
    return values


def as_cube(array: NDArray[Any]) -> NDArray[Any]:
    """Make a table of spectra an image one pixel wide, (n, B) → (n, 1, B); keep a cube."""
    return array if array.ndim == 3 else array[:, None]


def no_data(cube: NDArray[Any]) -> NDArray[np.bool_]:
    """Find the pixels that are NaN or infinite in all bands, (H, W, B) → (H, W).

    Raises SceneError where other pixels have such a value.
    """
    empty, _, _ = count_invalid(cube)
    masked = empty == cube.shape[2]
    check_finite(cube, "X", masked=masked)
    return masked
