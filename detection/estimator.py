"""The detectors as scikit-learn has them, for notebooks: a cube in, a detection map out."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data
from tqdm import tqdm

from data.reading.nodata import without_data
from data.scene import Scene, check_finite, in_unit
from detection.measures import scaled
from detection.task import seeded_trainer
from model.build import FITTED, detector_scores
from model.detectors.rx import Background
from model.image import cube_to_image
from model.methods import METHODS
from model.trainers.trainer import Trainer, max_epochs
from options.parse import method_options_of
from utils.devices import select_device

NOT_OF_THE_METHOD = ("device", "contamination", "verbose")

Cube = NDArray[np.float32]  # (H, W, B)
Scorer = Callable[[Cube], NDArray[Any]]  # → (H, W), the higher the more anomalous


# scikit-learn takes the parameters from the signature, and has a representation of its own
@dataclass(eq=False, repr=False)
class AnomalyDetector(OutlierMixin, BaseEstimator):
    """A method of `--method` and its options, None for those at the method's defaults.

    `device` is a device of torch, None for CUDA where there is some and the CPU elsewhere;
    `contamination` the share of the fitted pixels that `predict` calls anomalous, above 0 and up to
    0.5; `verbose` shows the progress of a training.

    Wherever `X` stands it is a cube (H, W, B) of any real type, or a table of spectra (n, B),
    which is an image of n×1 pixels: methods that look at surroundings see a line of pixels.
    What comes back has one value a pixel, (H, W) or (n,). Pixels that are NaN or infinite in all
    bands have no data: they take no part, their scores are NaN and their prediction is 1; any other
    such value is refused.

    Every `X` is scaled by the minimum and the maximum of the fitted one, so that a pixel's score
    does not change with what else is in `X`; the command line scales each scene by itself. What a
    method knows of another `X` is what it learned from the fitted one: networks its weights, `rx`
    its background. `lrx` and `crd` see only the `X` at hand, and `autoad` rebuilds the fitted
    image whatever `X` is.
    """

    method: str = "nl2net"
    _: KW_ONLY
    epochs: int | str | None = None
    learning_rate: float | None = None
    weight_decay: float | None = None
    seed: int | None = None
    lossm: str | None = None
    factor: int | None = None
    factor_train: int | None = None
    factor_test: int | None = None
    nch_ker: int | None = None
    nblk: int | None = None
    mode: str | tuple[str, ...] | None = None
    f_scale: int | None = None
    ss_exp_factor: float | None = None
    blindspot: int | None = None
    dilation: int | None = None
    refinement: bool | None = None
    precision: str | None = None
    preset: str | None = None
    tile: int | None = None
    inner_window: int | None = None
    outer_window: int | None = None
    ridge: float | None = None
    device: str | None = None
    contamination: float = 0.01
    verbose: bool = False

    def fit(self, X: ArrayLike, y: object = None) -> "AnomalyDetector":
        """Learn the background of `X`: train the network, or take the statistics.

        Keeps `detection_map_` of `X`, `losses_` of the epochs and `offset_`, the score below
        which pixels are anomalous. Seeds Python, NumPy and torch, as the command line does.
        Raises ValueError for options that do not exist, have no meaning for the method or do not
        suit the image, and for an `X` without usable numbers.
        """
        if not 0 < self.contamination <= 0.5:
            raise ValueError(f"contamination is {self.contamination}, not above 0 and up to 0.5")
        method, options = method_options_of(self._given())
        array = self._checked(X, reset=True)
        cube = as_cube(array)
        masked = no_data(cube)
        scene = Scene("X", cube, None, source="X", masked=masked if masked.any() else None)
        device = select_device([0]) if self.device is None else torch.device(self.device)
        self.range_ = scene.range
        unit = scene.scaled_cube()
        self.scorer_, self.losses_ = fitted_scorer(
            method, unit, device=device, options=options, verbose=self.verbose
        )
        scores = self.scorer_(unit).reshape(array.shape[:-1])
        self.offset_ = float(np.nanpercentile(-scores.astype(np.float64), 100 * self.contamination))
        self.detection_map_ = scaled(scores).astype(np.float32)
        return self

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:
        """Score every pixel, the lower the more anomalous.

        It is minus the residual ‖x − x̂‖² / B, or minus the distance of a method that rebuilds
        nothing.
        """
        return -self._scores(X).astype(np.float64)

    def detection_map(self, X: ArrayLike) -> NDArray[np.float32]:
        """Score every pixel from 0 to 1, the most anomalous, as `--command predict` does."""
        return scaled(self._scores(X)).astype(np.float32)

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Score every pixel, below 0 where anomalous."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> NDArray[np.int_]:
        """Call every pixel anomalous, -1, or not, 1."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _given(self) -> dict[str, Any]:
        """The options of the method that are not left at its defaults."""
        return {
            name: value
            for name, value in self.get_params().items()
            if value is not None and name not in NOT_OF_THE_METHOD
        }

    def _checked(self, X: ArrayLike, *, reset: bool) -> NDArray[Any]:
        """Check `X` as scikit-learn does, bands being its features; an array of the same shape."""
        array = check_array(X, allow_nd=True, ensure_all_finite=False)
        table = array.reshape(-1, array.shape[2]) if array.ndim == 3 else X
        validate_data(self, table, reset=reset, ensure_all_finite=False)
        return array

    def _scores(self, X: ArrayLike) -> NDArray[Any]:
        """Score every pixel, the higher the more anomalous."""
        check_is_fitted(self)
        array = self._checked(X, reset=False)
        cube = as_cube(array)
        unit = in_unit(cube, *self.range_)
        unit[no_data(cube)] = np.nan
        return self.scorer_(unit).reshape(array.shape[:-1])


def as_cube(array: NDArray[Any]) -> NDArray[Any]:
    """Make a table of spectra an image one pixel wide, (n, B) → (n, 1, B); keep a cube."""
    return array if array.ndim == 3 else array[:, None]


def no_data(cube: NDArray[Any]) -> NDArray[np.bool_]:
    """The pixels that are NaN or infinite in all bands, (H, W, B) → (H, W).

    Raises SceneError where others have such a value.
    """
    empty, _, _ = without_data(cube, None)
    masked = empty == cube.shape[2]
    check_finite(cube, "X", masked=masked)
    return masked


def fitted_scorer(
    method: str, cube: Cube, *, device: torch.device, options: Mapping[str, Any], verbose: bool
) -> tuple[Scorer, list[float]]:
    """Learn from a cube scaled to [0, 1]; give what scores cubes, and the losses of the epochs.

    Raises InputError where the options do not suit the image.
    """
    if method in FITTED:
        background = FITTED[method](torch.from_numpy(cube).to(device), **options)
        return partial(distance, background), []
    if not METHODS[method].trained:  # these know nothing but the cube at hand
        return partial(detector_scores, method, device=device, options=options), []
    image = cube_to_image(cube)
    trainer = seeded_trainer(method, image, device=device, options=options)
    epochs = options["epochs"]
    total = max_epochs(trainer, epochs)
    steps = tqdm(trainer.train(image, epochs=epochs), total=total, disable=not verbose)
    losses = [loss for _, loss in steps]
    return partial(distance_to_rebuilt, trainer), losses


def distance(background: Background, cube: Cube) -> NDArray[np.float64]:
    """Score every pixel by its distance to a background, (H, W, B) → (H, W)."""
    pixels = torch.from_numpy(cube).to(background.mean.device)
    return background.distance(pixels).cpu().numpy()


def distance_to_rebuilt(trainer: Trainer, cube: Cube) -> NDArray[np.float32]:
    """Score every pixel by what the network does not rebuild of it, (H, W, B) → (H, W).

    Raises ValueError for a size of image that the network does not rebuild.
    """
    return trainer.detect(cube_to_image(cube))[0].numpy()
