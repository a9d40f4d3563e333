"""Auto-AD: image sizes, the weights of its loss, and the end of its training."""

from collections.abc import Iterable

import pytest
import torch
from torch import Tensor

from model.networks.autoad import AutoAD
from model.networks.nl2net import NL2Net
from model.networks.weights import load_strictly
from model.trainers import autoad
from model.trainers.autoad import AdaptiveWeightLoss, AutoADTrainer

CPU = torch.device("cpu")


def network(height: int = 5, width: int = 6, *, bands: int = 3, seed: int = 0) -> AutoAD:
    torch.manual_seed(seed)
    return AutoAD(bands=bands, height=height, width=width, channels=4)


def trainer(learning_rate: float = 1e-2, seed: int = 0) -> AutoADTrainer:
    return AutoADTrainer(
        network(seed=seed), learning_rate=learning_rate, weight_decay=0, device=CPU
    )


def random_image(*size: int) -> Tensor:
    return torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(5))


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return list(one) == list(other) and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    ("size", "depth"),
    [
        ((4, 4), 1),
        ((5, 5), 1),
        ((4, 40), 1),
        ((41, 7), 1),
        ((8, 9), 2),
        ((17, 31), 3),
        ((63, 64), 4),
        ((64, 65), 5),
        ((128, 130), 5),
    ],
)
def test_any_size_is_rebuilt_within_the_range_of_images(size: tuple[int, int], depth: int) -> None:
    net = network(*size)
    assert len(net.encoder) == len(net.skip) == len(net.decoder) == depth
    output = net(random_image(*size))
    assert output.shape == (1, 3, *size)
    assert 0 <= output.min() < output.max() <= 1


@pytest.mark.parametrize("size", [(3, 4), (4, 3), (1, 100), (2, 2)])
def test_smaller_images_are_refused(size: tuple[int, int]) -> None:
    message = f"at least 4×4 pixels, not {size[0]}×{size[1]}"
    with pytest.raises(ValueError, match=message):
        network(*size)


@pytest.mark.parametrize("size", [(4, 4), (9, 17)])
def test_every_parameter_gets_a_gradient(size: tuple[int, int]) -> None:
    net = network(*size)
    (net(random_image(*size)) - random_image(*size)).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
        # that of a bias before a normalisation is 0
        assert parameter.ndim == 1 or parameter.grad.abs().max() > 1e-8, name


def test_the_noise_is_kept_with_the_weights_and_not_trained() -> None:
    net = network(7, 5)
    assert net.noise.shape == (1, 3, 7, 5)
    assert 0 <= net.noise.min() < 0.02 and 0.08 < net.noise.max() <= 0.1
    assert "noise" in net.state_dict() and "noise" not in dict(net.named_parameters())


def test_one_seed_gives_one_training() -> None:
    states = []
    for seed in (0, 0, 1):
        training = trainer(seed=seed)
        list(training.train(random_image(5, 6), epochs=3))
        states.append(training.weights())
    assert same(states[0], states[1])
    assert not same(states[0], states[2])


def test_training_lowers_the_loss() -> None:
    losses = [loss for _, loss in trainer().train(random_image(5, 6), epochs=90)]
    assert losses[-1] < losses[0] / 2


def test_a_reconstruction_during_training_changes_nothing() -> None:
    image = random_image(5, 6)
    watched, unwatched = trainer(), trainer()
    for _ in watched.train(image, epochs=4):
        assert torch.equal(watched.reconstruct(image), watched.reconstruct(image))
    list(unwatched.train(image, epochs=4))
    assert same(watched.weights(), unwatched.weights())


def literal_weights(output: Tensor, image: Tensor) -> Tensor:
    """(max e − e) / (max e − min e) with the residuals e, pixel by pixel, (H, W)."""
    height, width = image.shape[-2:]
    residual = torch.zeros(height, width, dtype=image.dtype)
    for row in range(height):
        for column in range(width):
            for band in range(image.shape[1]):
                difference = output[0, band, row, column] - image[0, band, row, column]
                residual[row, column] += difference**2 / image.shape[1]
    return (residual.max() - residual) / (residual.max() - residual.min())


def test_pixel_weights_are_updated_every_hundred_calls() -> None:
    image = random_image(5, 6).double()
    loss = AdaptiveWeightLoss()
    weight = torch.ones(5, 6, dtype=image.dtype)
    for call in range(250):
        output = torch.rand(image.shape, dtype=image.dtype)
        if call in (100, 200):
            weight = literal_weights(output, image)
            assert (weight == 0).sum() == (weight == 1).sum() == 1
        expected = (weight * (output - image)).square().mean()
        torch.testing.assert_close(loss(output, image), expected, rtol=1e-12, atol=0)


def test_the_weights_of_pixels_pass_no_gradient() -> None:
    image, loss = random_image(5, 6).double(), AdaptiveWeightLoss()
    output = torch.rand(image.shape, dtype=image.dtype, requires_grad=True)
    for _ in range(101):
        value = loss(output, image)
    (gradient,) = torch.autograd.grad(value, output)
    weight = literal_weights(output.detach(), image)
    expected = 2 * weight**2 * (output - image).detach() / image.numel()
    torch.testing.assert_close(gradient, expected, rtol=1e-10, atol=0)


def test_a_perfect_reconstruction_has_loss_0() -> None:
    image, loss = random_image(5, 6), AdaptiveWeightLoss()
    assert all(loss(image, image) == 0 for _ in range(102))


def epochs_of(losses: Iterable[float]) -> int:
    """Count the epochs of a training with these losses."""
    training, given = trainer(learning_rate=0), list(losses)
    remaining = iter(given)
    training.loss = lambda output, image: 0 * output.sum() + next(remaining)
    return len(list(training.train(random_image(5, 6), epochs=len(given))))


def test_training_ends_when_the_loss_has_converged() -> None:
    """Not before the weights have been updated once, and 50 epochs later."""
    assert epochs_of([1.0] * 220) == 150
    steps = [1 - 1e-5 * epoch for epoch in range(220)]  # every change is below the limit
    assert epochs_of(steps) == 150


def test_training_continues_while_the_loss_changes() -> None:
    assert epochs_of([1 - 2e-5 * epoch for epoch in range(220)]) == 220
    assert epochs_of([0.5, 0.6] * 110) == 220  # an oscillating loss has not converged


@pytest.mark.parametrize("jump", [101, 130, 150])
def test_one_jump_counts_for_fifty_changes(jump: int) -> None:
    assert epochs_of([1.0] * jump + [0.9] * 120) == (150 if jump == 150 else jump + 51)


def test_without_learning_the_loss_has_converged_at_once() -> None:
    training = trainer(learning_rate=0)
    epochs = [epoch for epoch, _ in training.train(random_image(5, 6), epochs=200)]
    assert epochs == list(range(1, 152))  # new weights change the loss once, at epoch 101


def test_a_limit_of_zero_never_ends_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autoad, "TOLERANCE", 0)
    assert epochs_of([1.0] * 170) == 170


def test_weights_give_the_same_reconstruction_in_another_network() -> None:
    image, training = random_image(5, 6), trainer()
    list(training.train(image, epochs=3))
    other = trainer(seed=1)
    assert not torch.equal(other.reconstruct(image), training.reconstruct(image))
    load_strictly(other.network, training.weights())
    assert torch.equal(other.reconstruct(image), training.reconstruct(image))


@pytest.mark.parametrize(
    "other", [network(5, 7), network(8, 8), network(bands=4), AutoAD(bands=3, height=5, width=6)]
)
def test_weights_of_another_scene_or_width_are_refused(other: AutoAD) -> None:
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


def test_the_weighted_loss_of_some_pixels_is_that_of_an_image_of_them() -> None:
    some, whole = AdaptiveWeightLoss(), AdaptiveWeightLoss()
    valid = torch.rand(5, 6) > 0.3
    for _ in range(202):
        output, image = (torch.rand(1, 3, 5, 6, dtype=torch.double) for _ in range(2))
        few_output, few_image = output[:, :, valid], image[:, :, valid]
        value = whole(few_output[..., None], few_image[..., None])
        torch.testing.assert_close(some(few_output, few_image), value, rtol=1e-12, atol=0)


def test_no_data_pixels_have_no_weight() -> None:
    """Their residuals neither count nor set the range of the weights."""
    image = random_image(5, 6)
    image[:, :, 1, 1:4] = torch.nan
    training = trainer()
    training.adaptive.every = 2
    losses = [loss for _, loss in training.train(image, epochs=6)]
    assert losses[-1] < losses[0] and isinstance(training.loss, AdaptiveWeightLoss)
    weight = training.loss.weight
    assert isinstance(weight, Tensor)
    assert weight.shape == (1, 1, 27) and (weight.min(), weight.max()) == (0, 1)
    assert training.reconstruct(image).isfinite().all()
