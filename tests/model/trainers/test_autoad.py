"""Auto-AD: image sizes, fresh noise, the weights of pixels, the end of a training, its scores."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from detection.measures import min_max_scale
from model.image import cube_to_image
from model.networks.autoad import AutoAD, most_levels
from model.networks.nl2net import NL2Net
from model.networks.weights import load_strictly
from model.trainers.autoad import WEIGHTING, AutoADTrainer, pixel_weights, squared_residual
from model.trainers.keeping import LAST
from tests.baselines import read_baseline
from tests.recordings import Recording

RECORDED = ["autoad_depth5", "autoad_settles", "autoad_published_intervals"]
EACH = pytest.mark.parametrize("name", RECORDED)


def network(height: int = 5, width: int = 6, *, bands: int = 3, seed: int = 0) -> AutoAD:
    torch.manual_seed(seed)
    return AutoAD(bands=bands, height=height, width=width, channels=4)


def trainer(learning_rate: float = 1e-2, seed: int = 0, **settings: Any) -> AutoADTrainer:
    return AutoADTrainer(network(seed=seed), learning_rate=learning_rate, **settings)


def random_image(*size: int) -> Tensor:
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(5))


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return list(one) == list(other) and all(torch.equal(one[name], other[name]) for name in one)


def repeated(recording: Recording) -> tuple[AutoADTrainer, Tensor]:
    """The trainer of a recorded run, and its image."""
    config = recording.config
    torch.manual_seed(config["seed"])
    built = AutoAD(
        bands=config["bands"],
        height=config["height"],
        width=config["width"],
        channels=config["channels"],
        levels=config["layers"],
    )
    training = AutoADTrainer(
        built,
        learning_rate=config["learning_rate"],
        reweight_every=config["reweight_every"],
        tolerance=config["threshold"],
        patience=config["window"],
    )
    return training, cube_to_image(recording.scaled_cube())


@EACH
def test_weights_and_noise_are_drawn_as_recorded(name: str) -> None:
    recording = read_baseline(name)
    net = repeated(recording)[0].network
    assert list(net.state_dict()) == recording.config["state_dict_keys"]
    assert sum(part.numel() for part in net.parameters()) == recording.config["parameters"]
    for key, values in recording.group("init").items():
        np.testing.assert_array_equal(net.state_dict()[key].numpy(), values, err_msg=key)
    recorded = recording.arrays
    if "input" in recorded:
        np.testing.assert_array_equal(net.noise[0].permute(1, 2, 0), recorded["input"])


def test_the_first_step_is_as_recorded() -> None:
    for name in RECORDED:
        recording = read_baseline(name)
        if "grad/9.1.weight" not in recording.arrays:  # a copy without intermediates
            continue
        training, image = repeated(recording)
        next(training.train(image, epochs=1))
        output = training.kept[LAST][0].permute(1, 2, 0)
        np.testing.assert_allclose(output, recording.arrays["output_at_init"], rtol=0, atol=2e-6)
        recorded = recording.group("grad")
        tolerance = 1e-4 * max(np.abs(values).max() for values in recorded.values())
        for key, parameter in training.network.named_parameters():
            assert parameter.grad is not None
            np.testing.assert_allclose(
                parameter.grad, recorded[key], rtol=0, atol=tolerance, err_msg=key
            )


# steps after which other kernels still give the recorded losses: with five levels, rounding decides
@pytest.mark.parametrize(
    ("name", "steps"),
    [("autoad_depth5", 2), ("autoad_settles", 10), ("autoad_published_intervals", 20)],
)
def test_the_first_losses_are_as_recorded(name: str, steps: int) -> None:
    recording = read_baseline(name)
    training, image = repeated(recording)
    losses = [loss for _, loss in islice(training.train(image, epochs=steps), steps)]
    np.testing.assert_allclose(losses, recording.arrays["losses"][:steps], rtol=0, atol=1e-6)


@EACH
def test_a_training_ends_and_scores_as_recorded(name: str) -> None:
    """Within what rounding leaves at the end: the mean difference of weights and map is small."""
    recording = read_baseline(name)
    config, recorded = recording.config, recording.arrays
    training, image = repeated(recording)
    weights = []
    for epoch, _ in training.train(image, epochs=config["iterations"]):
        if epoch > 1 and epoch % config["reweight_every"] == 1:
            assert isinstance(training.weights_of_pixels, Tensor)
            weights.append(training.weights_of_pixels[0, 0].numpy())
    assert training.epoch - 1 == config["last_iteration"]
    assert len(weights) == len(recorded["weights"])
    mean, largest = np.abs(np.array(weights) - recorded["weights"]).mean(), 0.06
    assert mean < largest
    scores = min_max_scale(training.examine(image).own.numpy())
    np.testing.assert_allclose(scores, 1 - weights[-1], rtol=0, atol=1e-6)
    assert np.abs(scores - recorded["detectmap"]).mean() < largest


@EACH
def test_recorded_residuals_give_the_recorded_weights_and_map(name: str) -> None:
    recorded = read_baseline(name).arrays
    for residual, weights in zip(recorded["residuals"], recorded["weights"], strict=True):
        output = torch.from_numpy(residual).sqrt()[None, None]  # whose squares are these residuals
        given = pixel_weights(output, torch.zeros_like(output))
        assert isinstance(given, Tensor)
        np.testing.assert_allclose(given[0, 0], weights, rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        min_max_scale(recorded["residual"]), recorded["detectmap"], rtol=0, atol=1e-6
    )
    np.testing.assert_array_equal(recorded["residual"], recorded["residuals"][-1])


@pytest.mark.parametrize(
    ("bands", "parameters"),
    [(102, 3_104_998), (162, 3_189_538), (191, 3_230_399), (205, 3_250_125)],
)
def test_parameters_of_the_published_sizes(bands: int, parameters: int) -> None:
    with torch.device("meta"):
        net = AutoAD(bands=bands, height=100, width=100)
    assert sum(part.numel() for part in net.parameters()) == parameters
    assert len(net.state_dict()) == 202


@pytest.mark.parametrize(
    ("side", "levels"),
    [(3, 1), (4, 1), (5, 2), (8, 2), (9, 3), (16, 3), (17, 4), (32, 4), (33, 5), (64, 5), (150, 5)],
)
def test_as_many_levels_as_the_shorter_side_allows(side: int, levels: int) -> None:
    net = network(side, side + 40)
    depth = max(key.count("1.1.7.") for key in net.state_dict()) + 1
    assert depth == levels == min(5, most_levels(side))
    output = net(net.noise)
    assert output.shape == (1, 3, side, side + 40)
    assert 0 < output.min() < output.max() < 1


@pytest.mark.parametrize("size", [(2, 4), (4, 2), (1, 100), (2, 2)])
def test_smaller_images_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"at least 3×3 pixels, not {size[0]}×{size[1]}"):
        network(*size)


def test_every_convolution_gets_a_gradient() -> None:
    net = network(9, 17)
    (net(net.noise) - random_image(9, 17)).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
        # that of a bias before a normalisation is 0
        assert parameter.ndim == 1 or parameter.grad.abs().max() > 1e-8, name


def test_the_input_is_drawn_once_and_its_noise_in_every_step() -> None:
    training = trainer()
    noise = training.network.noise
    assert 0 <= noise.min() < 0.02 and 0.08 < noise.max() < 0.1
    assert not {"noise"} & {*training.network.state_dict()}
    one, other = (training.noisy_input() - noise for _ in range(2))
    assert not torch.equal(one, other) and 0.08 < one.std() < 0.12
    with torch.no_grad():
        outputs = [training.network(training.noisy_input()) for _ in range(2)]
    assert not torch.equal(*outputs)


def test_a_network_normalises_by_the_image_in_evaluation_too() -> None:
    net = network(9, 9)
    training = net.train()(net.noise)
    for _ in range(3):
        net(3 * net.noise)
    counted = net.state_dict()["2.num_batches_tracked"].clone()
    assert torch.equal(net.eval()(net.noise), training)
    assert net.state_dict()["2.num_batches_tracked"] == counted == 4


def test_one_seed_gives_one_training() -> None:
    states = []
    for seed in (0, 0, 1):
        training = trainer(seed=seed)
        list(training.train(random_image(5, 6), epochs=3))
        states.append(training.weights())
    assert same(states[0], states[1])
    assert not same(states[0], states[2])


def test_training_lowers_the_loss() -> None:
    image = random_image(1, 1).expand(1, 3, 5, 6)
    losses = [loss for _, loss in trainer().train(image, epochs=40)]
    assert np.mean(losses[-5:]) < losses[0] / 5


def test_a_look_during_the_training_changes_nothing() -> None:
    image = random_image(5, 6)
    watched = trainer()
    assert torch.equal(watched.reconstruct(image), watched.reconstruct(image))  # of a pass
    for _ in watched.train(image, epochs=4):
        watched.detect(image)
    unwatched = trainer()
    list(unwatched.train(image, epochs=4))
    assert same(watched.weights(), unwatched.weights())


def literal_weights(output: Tensor, image: Tensor) -> Tensor:
    """(max e − e) / (max e − min e) with the residuals e, pixel by pixel, (H, W)."""
    height, width = image.shape[-2:]
    residual = torch.zeros(height, width, dtype=image.dtype)
    for row in range(height):
        for column in range(width):
            for band in range(image.shape[1]):
                residual[row, column] += (
                    output[0, band, row, column] - image[0, band, row, column]
                ) ** 2
    return (residual.max() - residual) / (residual.max() - residual.min())


def test_pixels_are_weighted_by_the_residual_of_the_same_step() -> None:
    image, training = random_image(5, 6), trainer(reweight_every=3)
    outputs, losses = [], []
    for _, loss in training.train(image, epochs=8):
        outputs.append(training.kept[LAST])
        losses.append(loss)
    weights = torch.ones(5, 6)
    for step, output in enumerate(outputs):
        if step in (3, 6):
            weights = literal_weights(output, image)
            assert (weights == 0).sum() == (weights == 1).sum() == 1
        expected = (weights * (output - image)).square().mean()
        assert losses[step] == pytest.approx(float(expected), rel=1e-6)


def test_the_weights_of_pixels_pass_no_gradient() -> None:
    image, training = random_image(5, 6).double(), trainer(reweight_every=1)
    output = torch.rand(image.shape, dtype=image.dtype, requires_grad=True)
    training.epoch = 1
    training.keep(output)
    (gradient,) = torch.autograd.grad(training.weighted_loss(output, image), output)
    weights = literal_weights(output.detach(), image)
    expected = 2 * weights**2 * (output - image).detach() / image.numel()
    torch.testing.assert_close(gradient, expected, rtol=1e-10, atol=0)


def test_equal_residuals_have_weight_1() -> None:
    image = random_image(5, 6)
    assert pixel_weights(image, image) == 1


def test_scores_are_the_residual_of_the_last_weighting() -> None:
    """And the reconstruction is that of the last step, which saw other noise."""
    image, training = random_image(5, 6), trainer(reweight_every=3)
    outputs = []
    for epoch, _ in training.train(image, epochs=6):
        outputs.append(training.kept[LAST])
        scores, reconstruction = training.detect(image)
        scored = outputs[3] if epoch > 3 else outputs[-1]  # before the first, of the last step
        assert torch.equal(scores, squared_residual(scored, image)[0, 0])
        assert reconstruction is not None and torch.equal(reconstruction, outputs[-1])
    assert torch.equal(training.kept[WEIGHTING], outputs[3])


def epochs_of(losses: Iterable[float], **settings: Any) -> int:
    """Count the epochs of a training with these losses."""
    training, given = trainer(learning_rate=0, **settings), list(losses)
    remaining = iter(given)
    training.step = lambda *_: torch.tensor([next(remaining), 0.0])  # type: ignore[method-assign]
    return len(list(training.train(random_image(5, 6), epochs=len(given))))


def test_a_training_ends_at_a_check_where_the_loss_has_settled() -> None:
    """At step 100, not at step 50, where no residual has been taken yet."""
    assert epochs_of([1.0] * 220) == 101
    assert epochs_of([1 - 0.9e-5 * step for step in range(220)]) == 101
    assert epochs_of([1.0] * 220, reweight_every=20) == 51
    assert epochs_of([1.0] * 220, reweight_every=20, patience=7) == 22


def test_a_training_continues_while_the_loss_changes() -> None:
    assert epochs_of([1 - 2e-5 * step for step in range(220)]) == 220
    assert epochs_of([1 - 2e-5 * step for step in range(220)], tolerance=3e-5) == 101
    assert epochs_of([0.5, 0.6] * 110) == 220  # an oscillating loss has not settled
    assert epochs_of([1.0] * 220, tolerance=0) == 220


@pytest.mark.parametrize(("jump", "end"), [(50, 101), (51, 151), (100, 151), (101, 101)])
def test_one_jump_counts_at_the_check_after_it(jump: int, end: int) -> None:
    assert epochs_of([1.0] * jump + [0.9] * 170) == end


def test_recorded_losses_end_the_training_where_they_did() -> None:
    recording = read_baseline("autoad_settles")
    config, losses = recording.config, recording.arrays["losses"]
    settings = {
        "reweight_every": config["reweight_every"],
        "tolerance": config["threshold"],
        "patience": config["window"],
    }
    assert epochs_of([*losses, *losses], **settings) == len(losses) == 56


def test_weights_carry_what_is_scored() -> None:
    image, training, other = random_image(5, 6), trainer(reweight_every=2), trainer(seed=1)
    list(training.train(image, epochs=4))
    assert other.load_weights(training.weights()) == "" and not other.warning(image)
    for one, two in zip(other.detect(image), training.detect(image), strict=True):
        assert one is not None and two is not None and torch.equal(one, two)


def test_weights_alone_are_scored_by_a_pass_with_noise() -> None:
    image, training, other = random_image(5, 6), trainer(), trainer(seed=1)
    list(training.train(image, epochs=30))
    other.load_weights(training.network.state_dict())
    assert "scored by one more pass" in other.warning(image)
    scores, reconstruction = other.detect(image)
    assert reconstruction is not None
    torch.testing.assert_close(scores, squared_residual(reconstruction, image)[0, 0])
    assert torch.equal(scores, other.detect(image)[0])


@pytest.mark.parametrize(
    "outputs", [torch.full((1, 3, 5, 6), torch.nan), torch.zeros(5)], ids=["NaN", "no image"]
)
def test_outputs_that_are_no_image_are_refused(outputs: Tensor) -> None:
    training = trainer()
    with pytest.raises(ValueError, match=r"its entry 'kept\.last' is no image of finite numbers"):
        training.load_weights({**training.weights(), "kept.last": outputs})


@pytest.mark.parametrize("other", [network(9, 9), network(bands=4)])
def test_weights_of_another_scene_are_refused(other: AutoAD) -> None:
    target = network()
    before = {name: value.clone() for name, value in target.state_dict().items()}
    with pytest.raises(ValueError, match="is not as in AutoAD for this scene and these options"):
        load_strictly(target, other.state_dict())
    assert same(before, target.state_dict())


def test_weights_of_another_method_are_refused() -> None:
    auto, nl2net = network(), NL2Net(bands=3, channels=4)
    with pytest.raises(ValueError, match="^it does not hold the weights of NL2Net$"):
        load_strictly(nl2net, auto.state_dict())
    with pytest.raises(ValueError, match="^it does not hold the weights of AutoAD$"):
        load_strictly(auto, nl2net.state_dict())


EARLIER = {"noise": torch.zeros(1, 3, 5, 6), "encoder.0.0.weight": torch.zeros(4, 3, 3, 3)}


def test_weights_and_states_of_the_earlier_method_are_refused() -> None:
    message = "an earlier Auto-AD of this program.*train again"
    training = trainer()
    with pytest.raises(ValueError, match=message):
        training.load_weights(EARLIER)
    with pytest.raises(ValueError, match=message):
        training.restore({**training.state(), "weights": EARLIER})


def test_no_data_pixels_have_no_weight() -> None:
    """Their residuals neither count nor set the range of the weights."""
    image = random_image(5, 6)
    image[:, :, 1, 1:4] = torch.nan
    training = trainer(reweight_every=2)
    losses = [loss for _, loss in training.train(image, epochs=6)]
    assert np.isfinite(losses).all()
    weights = training.weights_of_pixels
    assert isinstance(weights, Tensor)
    assert weights.shape == (1, 1, 27) and (weights.min(), weights.max()) == (0, 1)
    scores, reconstruction = training.detect(image)
    assert scores.isnan().sum() == 3 and reconstruction is not None
    assert reconstruction.isfinite().all()


def test_bf16_is_near_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    image, losses = random_image(9, 9), {}
    for precision in ("fp32", "bf16"):
        torch.manual_seed(0)
        built = AutoAD(bands=3, height=9, width=9, channels=4)
        training = AutoADTrainer(built, learning_rate=1e-3, precision=precision)
        losses[precision] = [loss for _, loss in training.train(image, epochs=5)]
        assert training.detect(image)[0].dtype == torch.float32
    np.testing.assert_allclose(losses["bf16"], losses["fp32"], rtol=0.05)
    assert losses["bf16"] != losses["fp32"]
