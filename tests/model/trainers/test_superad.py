"""Super-AD: recorded runs, convolutions at small errors, segments, and pixels that count."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from detection.measures import area_under_roc, min_max_scale
from model.image import cube_to_image, image_to_cube
from model.networks.layers.segment_attention import segment_means, spread_over_segments
from model.networks.superad import OUTSIDE, SuperAD, convolve_at, smallest_errors
from model.scoring.residuals import residual
from model.trainers.keeping import LAST
from model.trainers.outlying_pixels import counted_pixels
from model.trainers.superad import SuperADTrainer, error_map
from model.trainers.superpixels import superpixels
from tests.baselines import read_baseline
from tests.recordings import Recording

EACH = pytest.mark.parametrize("name", ["superad_small", "superad_wide_window"])


def network(height: int = 9, width: int = 8, *, seed: int = 0, window: int = 5) -> SuperAD:
    torch.manual_seed(seed)
    return SuperAD(bands=3, height=height, width=width, channels=4, window=window)


def trainer(seed: int = 0, *, pixel_loss: str = "obpm") -> SuperADTrainer:
    return SuperADTrainer(network(seed=seed), pixel_loss=pixel_loss, segments=4)


def random_image(*size: int) -> Tensor:
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(5))


def repeated(recording: Recording) -> tuple[SuperADTrainer, Tensor]:
    """The trainer of a recorded run with its segments, and its image."""
    config = recording.config
    torch.manual_seed(config["seed"])
    built = SuperAD(
        bands=config["bands"],
        height=config["height"],
        width=config["width"],
        channels=config["channels"],
        kernel=config["kernel_size"],
        window=config["window_size"],
    )
    training = SuperADTrainer(
        built,
        learning_rate=config["learning_rate"],
        weight_decay=config["weight_decay"],
        linear_weight=config["alpha"],
        steepness=config["beta"],
        kept_share=config["threshold"],
        decay_every=config["step_size"],
        decay=config["gamma"],
    )
    training.segments = torch.from_numpy(recording.arrays["segments"]).long() - 1
    return training, cube_to_image(recording.scaled_cube())


@EACH
def test_weights_are_drawn_as_recorded(name: str) -> None:
    recording = read_baseline(name)
    state = repeated(recording)[0].network.state_dict()
    assert list(state) == recording.config["state_dict_keys"]
    assert sum(map(torch.numel, state.values())) == recording.config["parameters"]
    for key, values in recording.group("init").items():
        np.testing.assert_array_equal(state[key].numpy(), values, err_msg=key)


@EACH
def test_the_first_two_steps_are_as_recorded(name: str) -> None:
    recording = read_baseline(name)
    training, image = repeated(recording)
    for epoch, _ in training.train(image, epochs=2):
        output, gradients = [
            ("output_at_init", "grad"),
            ("output_at_second_step", "grad_second"),
        ][epoch - 1]
        rebuilt = image_to_cube(training.kept[LAST])
        np.testing.assert_allclose(rebuilt, recording.arrays[output], rtol=0, atol=2e-6)
        named = training.network.named_parameters()
        found = {key: part.grad for key, part in named if part.grad is not None}
        if epoch == 1:
            ungraded = {*map(str, recording.arrays["ungraded"])}
            assert {*training.network.state_dict()} - found.keys() == ungraded
        recorded = recording.group(gradients)
        for key, values in recorded.items():
            tolerance = 1e-5 * np.abs(values).max() + 1e-8
            np.testing.assert_allclose(found[key], values, rtol=0, atol=tolerance, err_msg=key)


@EACH
def test_a_training_is_as_recorded(name: str) -> None:
    recording = read_baseline(name)
    training, image = repeated(recording)
    recorded = recording.arrays
    losses = []
    for (epoch, loss), kept in zip(
        training.train(image, epochs=len(recorded["losses"])), recorded["kept"], strict=True
    ):
        losses.append(loss)
        errors = (training.kept[LAST] - image).abs().mean(dim=1).flatten()
        counted = training.counted(training.losses_of(errors)).reshape(kept.shape)
        np.testing.assert_array_equal(counted, kept, err_msg=str(epoch))
    np.testing.assert_allclose(losses, recorded["losses"], rtol=0, atol=1e-6)
    scores, reconstruction = training.detect(image)
    assert reconstruction is not None
    rebuilt = image_to_cube(reconstruction)
    np.testing.assert_allclose(rebuilt, recorded["output_at_end"], rtol=0, atol=1e-5)
    scaled = min_max_scale(scores.numpy())
    np.testing.assert_allclose(scaled, recorded["detectmap"], rtol=0, atol=1e-4)
    auc = area_under_roc(recorded["map"] != 0, scaled)
    assert auc == pytest.approx(float(recorded["auc"]), abs=1e-3)
    assert auc == pytest.approx(recorded["aucs"][-1], abs=1e-3)  # the last step, not the best
    for key, values in recording.group("final").items():
        final = training.network.state_dict()[key]
        np.testing.assert_allclose(final, values, rtol=0, atol=1e-3, err_msg=key)


@pytest.mark.parametrize(("bands", "parameters"), [(102, 208_518), (191, 237_087), (204, 241_260)])
def test_parameters_of_the_published_sizes(bands: int, parameters: int) -> None:
    with torch.device("meta"):
        net = SuperAD(bands=bands, height=100, width=100)
    assert sum(part.numel() for part in net.parameters()) == parameters
    assert len(net.state_dict()) == 76


def literal_convolution(convolution: nn.Conv2d, x: Tensor, error: Tensor, *, window: int) -> Tensor:
    """Convolve pixel by pixel at the smallest errors of the window, (1, C, H, W)."""
    reach, taps = window // 2, convolution.weight[0, 0].numel()
    _, channels, height, width = x.shape
    reflected = F.pad(x, (reach,) * 4, mode="reflect")[0]
    errors = F.pad(error[None], (reach,) * 4, value=OUTSIDE)[0]
    result = torch.empty(1, len(convolution.weight), height, width)
    weights = convolution.weight.reshape(-1, channels, taps)
    assert convolution.bias is not None
    for row in range(height):
        for column in range(width):
            part = slice(row, row + window), slice(column, column + window)
            order = sorted(range(window**2), key=lambda place: float(errors[part].flatten()[place]))
            seen = reflected[:, part[0], part[1]].flatten(1)[:, order[:taps]]
            result[0, :, row, column] = (weights * seen).sum(dim=(1, 2)) + convolution.bias
    return result


def test_an_adaptive_convolution_sees_the_smallest_errors_in_ascending_order() -> None:
    torch.manual_seed(0)
    convolution, x, error = nn.Conv2d(2, 3, 3), torch.rand(1, 2, 6, 7), torch.rand(6, 7)
    with torch.no_grad():
        expected = literal_convolution(convolution, x, error, window=5)
        found = convolve_at(convolution, x, smallest_errors(error, 5, 9), 5)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_with_a_window_of_the_kernel_it_is_a_permuted_ordinary_one() -> None:
    """Far from the border, with errors that rise along each row and from row to row."""
    torch.manual_seed(0)
    convolution, x = nn.Conv2d(2, 3, 3), torch.rand(1, 2, 6, 7)
    rising = torch.arange(42.0).reshape(6, 7)
    with torch.no_grad():
        places = smallest_errors(rising, 3, 9)
        torch.testing.assert_close(
            convolve_at(convolution, x, places, 3)[..., 1:-1, 1:-1], convolution(x)
        )
        falling = convolve_at(convolution, x, smallest_errors(-rising, 3, 9), 3)
        convolution.weight.copy_(convolution.weight.flip(2, 3))
        torch.testing.assert_close(falling[..., 1:-1, 1:-1], convolution(x))


def test_pixels_of_large_error_are_not_seen() -> None:
    net, image = network(12, 12), random_image(12, 12)
    net.double()
    image = image.double().requires_grad_()
    error = torch.rand(12, 12, dtype=torch.double)
    error[6, 6] = 5
    places = smallest_errors(error, 5, 9)
    assert (places == (6 + 2) * 16 + 6 + 2).sum() == 0  # at its place in the reflected image


@pytest.mark.parametrize(
    ("window", "size", "message"),
    [
        (4, (9, 9), "search_window is 4, must be odd"),
        (3, (9, 9), "search_window 3 has 4 pixels in a corner of the image, but 9 are needed: 5"),
        (7, (3, 9), "search_window 7 reaches 3 pixels, the image is 3×9: it needs at least 4×4"),
    ],
)
def test_windows_that_do_not_suit_are_refused(
    window: int, size: tuple[int, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        network(*size, window=window)


def test_tokens_are_means_of_segments_and_return_to_their_pixels() -> None:
    features = torch.arange(12.0).reshape(2, 2, 3)
    segments = torch.tensor([[0, 0, 1], [-1, 1, 1]])
    tokens = segment_means(features, segments)
    expected = torch.tensor([[0.5, 6.5], [11 / 3, 29 / 3]])
    torch.testing.assert_close(tokens, expected)
    spread = spread_over_segments(tokens, segments)
    torch.testing.assert_close(spread[:, 0, 2], expected[1])
    assert (spread[:, 1, 0] == 0).all() and spread.shape == features.shape


def test_superpixels_cover_the_valid_pixels_with_consecutive_numbers() -> None:
    halves = torch.zeros(1, 4, 20, 24)
    halves[..., 12:] = 1
    halves[..., :3, :3] = torch.nan
    numbers = superpixels(halves, number=6)
    assert ((numbers == -1) == halves[0, 0].isnan()).all()
    left, right = ({*numbers[5:, part].flatten().tolist()} for part in (slice(12), slice(12, 24)))
    assert not left & right and len({*numbers.flatten().tolist()}) == numbers.max() + 2
    scaled = superpixels(3 + 5 * halves, number=6)
    assert torch.equal(scaled, numbers)


def counted(losses: list[float], *, others: int = 0, kept_share: float = 0.25) -> NDArray[np.bool_]:
    """The pixels of a segment that count, in an image that has others."""
    values = np.array([*losses, *[0.0] * others], np.float32)
    segments = np.array([0] * len(losses) + [1] * others)
    return counted_pixels(values, segments, kept_share=kept_share)[: len(losses)]


@pytest.mark.parametrize("others", [0, 1, 5, 50])
def test_a_few_outliers_of_a_segment_do_not_count(others: int) -> None:
    losses = [*np.linspace(1, 1.1, 20), 9.0, 9.1, 9.2, 9.3, 9.4]
    kept = counted(losses, others=others)
    # the moving mean has its largest value where it reaches from the jump to the last outlier
    assert kept[:22].all() and not kept[22:].any()


def literally_counted(values: NDArray[np.float64], others: int, share: float) -> NDArray[np.bool_]:
    """The pixels of a segment that count, by the whole padded sequence."""
    number = len(values)
    padded = np.sort([*[values.min()] * others, *values])
    rises = np.array([0, *np.diff(padded)])
    means = [rises[max(0, place - 3) : place + 4].sum() / 7 for place in range(len(rises))]
    steepest = int(np.argmax(means))
    if len(padded) - steepest < number * (1 - share):
        return values <= padded[steepest]
    return np.ones(number, bool)


@pytest.mark.parametrize("others", [0, 1, 2, 3, 4, 9])
def test_counted_pixels_follow_the_definition(others: int) -> None:
    generator = np.random.default_rng(others)
    dropped = 0
    for number in (*range(1, 12), 40, 90):
        values = 1 + generator.random(number) ** 8
        share = float(generator.choice([0.0, 0.25, 0.8]))
        expected = literally_counted(values, others, share)
        given = np.array([*values, *[0.0] * others])
        segments = np.array([0] * number + [1] * others)
        found = counted_pixels(given, segments, kept_share=share)[:number]
        np.testing.assert_array_equal(found, expected)
        dropped += number - expected.sum()
    assert dropped


@pytest.mark.parametrize("others", [0, 1, 50])
def test_equal_losses_and_too_many_outliers_all_count(others: int) -> None:
    assert counted([1.0] * 9, others=others).all()
    assert counted([1.0] * 3 + [9.0 + step / 100 for step in range(30)], others=others).all()
    assert counted([1.0, 2.0], others=others, kept_share=1).all()


def test_segments_are_judged_by_themselves() -> None:
    low, high = np.linspace(1, 1.1, 20), np.linspace(5, 5.1, 20)
    low[7], high[3] = 4.9, 9.0
    values = np.stack([low, high], axis=1).ravel().astype(np.float32)
    kept = counted_pixels(values, np.array([0, 1] * 20), kept_share=0.25).reshape(20, 2)
    assert not kept[7, 0] and not kept[3, 1] and kept.sum() >= 30


def literal_loss(a: Tensor) -> dict[str, Tensor]:
    return {"obpm": a.exp() + a, "l1": a, "l2": a * a}


@pytest.mark.parametrize("pixel_loss", ["obpm", "l1", "l2"])
def test_the_loss_is_that_of_the_counted_pixels_over_all(pixel_loss: str) -> None:
    image, training = random_image(9, 8), trainer(pixel_loss=pixel_loss)
    for _, loss in training.train(image, epochs=2):
        errors = error_map(training.kept[LAST], image, None).flatten()
        losses = literal_loss(errors)[pixel_loss]
        expected = losses[training.counted(losses)].sum() / 72
        assert loss == pytest.approx(float(expected), rel=1e-5)


def test_the_learning_rate_decays_in_stairs() -> None:
    training = trainer()
    training.decay_every = 2
    rates = []
    for _ in training.train(random_image(9, 8), epochs=5):
        rates.append(training.optimiser.param_groups[0]["lr"])
    assert rates == pytest.approx([1e-3, 1e-3, 0.8e-3, 0.8e-3, 0.64e-3])


def test_the_score_is_of_the_output_of_the_last_step() -> None:
    image, training = random_image(9, 8), trainer()
    list(training.train(image, epochs=3))
    scores, reconstruction = training.detect(image)
    assert reconstruction is not None and torch.equal(reconstruction, training.kept[LAST])
    assert torch.equal(scores, residual(image, training.kept[LAST]))
    assert not torch.equal(training.pass_over(image), reconstruction)


def test_weights_alone_are_scored_by_a_pass_with_its_own_errors() -> None:
    image, training, other = random_image(9, 8), trainer(), trainer(seed=1)
    list(training.train(image, epochs=3))
    other.load_weights(training.network.state_dict())
    assert "scored by one more pass" in other.warning(image)
    assert torch.equal(other.reconstruct(image), training.pass_over(image))


def test_no_data_pixels_do_not_matter() -> None:
    image, training = random_image(9, 8), trainer()
    image[:, :, 2:4, 3] = torch.nan
    losses = [loss for _, loss in training.train(image, epochs=3)]
    assert np.isfinite(losses).all() and training.segments is not None
    assert (training.segments == -1).sum() == 2
    error = error_map(training.kept[LAST], image.nan_to_num(0), training.segments)
    assert (error == OUTSIDE).sum() == 2
    valid = error[error < OUTSIDE]
    assert training.counted(training.losses_of(valid)).shape == (70,)
    scores, _ = training.detect(image)
    assert torch.equal(scores.isnan(), image[0, 0].isnan())


def test_a_tiny_scene_has_segments_and_scores() -> None:
    torch.manual_seed(0)
    built = SuperAD(bands=1, height=3, width=3, channels=4)
    training = SuperADTrainer(built)
    image = torch.rand(1, 1, 3, 3)
    list(training.train(image, epochs=2))
    assert training.detect(image)[0].isfinite().all()
