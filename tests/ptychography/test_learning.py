"""Network, layer and loss: shapes, sizes, what is 0 for perfect data, and that the forward model is the traced one."""

import logging

import numpy as np
import pytest
import torch

from simulator.errors import InputError
from subjects.ptychography.configuration import Configuration
from subjects.ptychography.dataset import make_dataset
from subjects.ptychography.forward import make_setup
from subjects.ptychography.inference import check_input, patches_of
from subjects.ptychography.learning import BACKGROUND, Batch, Loss, Model, Scaling, loss_weights, scaling_of
from subjects.ptychography.mutations import mutated
from subjects.ptychography.network import Architecture, Doubled, PatchNetwork, count_parameters
from subjects.ptychography.steps import Pair
from tests.ptychography.helpers import small_scan


@pytest.mark.parametrize(("side", "parameters"), [(32, 134_594), (64, 577_474)])
def test_the_network_has_the_stated_size(side, parameters):
    assert count_parameters(PatchNetwork(Architecture(side))) == parameters


@pytest.mark.parametrize("channels", [1, 4])
@pytest.mark.parametrize("support", ["full", "central"])
def test_patches_have_the_patterns_side(channels, support):
    network = PatchNetwork(Architecture(32, channels, 0.25, object_support=support))
    patch = network(torch.rand(2, channels, 32, 32))
    assert patch.re.shape == (2, channels, 32, 32)
    assert (patch.complex().abs() <= 1 + 1e-6).all()
    assert bool((patch.re[..., 0, :] == 0).all()) == (support == "central")


def test_upsampling_copies():
    x = torch.rand(1, 2, 3, 3)
    torch.testing.assert_close(Doubled()(x), torch.nn.functional.interpolate(x, scale_factor=2, mode="nearest"))


@pytest.mark.parametrize(
    "given", [{"side": 48}, {"side": 32, "amp_activation": "swish"}, {"side": 32, "object_support": "edge"}]
)
def test_architectures_that_are_not_there_are_refused(given):
    with pytest.raises(InputError, match="one of"):
        Architecture(**given)


def model_of(scan, **given) -> Model:
    scaling = scaling_of(torch.from_numpy(scan.counts)[:, None])
    return Model(Architecture(scan.patch_px, n_filters_scale=0.25), torch.from_numpy(scan.probe), scaling, **given)


def test_the_layer_expects_the_counts_of_the_traced_forward_model(monkeypatch):
    scan = small_scan()
    setup = make_setup(scan)
    truth = setup.patches(setup.place(slice(None)))
    model = model_of(scan)
    single = Pair(truth.re.float()[:, None], truth.im.float()[:, None])
    monkeypatch.setattr(model, "patches", lambda counts: single)
    zeros = torch.zeros(16, 1)
    expected = model(Batch(torch.from_numpy(scan.counts).float()[:, None], zeros, zeros))[:, 0]
    by_sums = setup.expected_counts(list(range(16)), 1.0) + BACKGROUND
    assert (expected - by_sums).abs().max() < 1e-5 * by_sums.max()


def test_a_fault_of_the_forward_model_is_a_fault_of_training(monkeypatch):
    scan = small_scan()
    plain, halved = model_of(scan), model_of(scan, steps=mutated("fft-halved"))
    halved.load_state_dict(plain.state_dict())
    batch = Batch(torch.from_numpy(scan.counts).float()[:2, None], torch.zeros(2, 1), torch.zeros(2, 1))
    ratio = (halved(batch) - BACKGROUND).sum() / (plain(batch) - BACKGROUND).sum()
    assert float(ratio.detach()) == pytest.approx(32, rel=1e-3)


def test_the_loss_is_zero_for_perfect_data_and_comparable_between_doses():
    counts = torch.tensor([[[[0.0, 4.0], [9.0, 100.0]]]])
    batch = Batch(counts, torch.zeros(1, 1), torch.zeros(1, 1))
    for nll, mae in ((1.0, 0.0), (0.0, 1.0)):
        loss = Loss(28.25, nll, mae)
        assert float(loss(counts.clamp_min(1e-12), batch)) == pytest.approx(0, abs=1e-5)
        ten = Batch(10 * counts, *batch[1:])
        assert float(Loss(282.5, nll, mae)(13 * counts + 1e-9, ten)) == pytest.approx(
            float(loss(1.3 * counts + 1e-9, batch)), rel=1e-3
        )


def test_the_loss_is_finite_and_has_a_gradient_at_a_dark_expectation():
    expected = torch.full((1, 1, 2, 2), BACKGROUND, requires_grad=True)
    loss = Loss(1.0)(expected, Batch(torch.full((1, 1, 2, 2), 5.0), torch.zeros(1, 1), torch.zeros(1, 1)))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(expected.grad).all()


def test_masked_pixels_do_not_count():
    counts, mask = torch.full((1, 1, 2, 2), 5.0), torch.tensor([[[[1.0, 0.0], [1.0, 1.0]]]])
    expected = counts.clone()
    expected[0, 0, 0, 1] = 1e6
    assert float(Loss(5.0)(expected, Batch(counts, torch.zeros(1, 1), torch.zeros(1, 1), mask))) == pytest.approx(
        0, abs=1e-6
    )


def test_loss_modes():
    assert loss_weights("poisson", 1, 0) == (1, 0)
    assert loss_weights("mae", 1, 0) == (0, 1)
    with pytest.raises(InputError, match="poisson, mae"):
        loss_weights("mse", 1, 0)
    with pytest.raises(InputError, match="one must be above 0"):
        Loss(1.0, 0.0, 0.0)


def test_the_input_has_the_power_that_was_chosen():
    counts = torch.rand(8, 1, 32, 32) * 50
    scale = scaling_of(counts).input_scale
    assert float((scale**2 * counts).sum(dim=(2, 3)).mean()) == pytest.approx(256, rel=1e-4)


def test_a_half_band_scale_of_the_input_is_told(caplog):
    """The planted fault half-band-scale: N^2 where training used (N/2)^2."""
    counts = torch.rand(8, 1, 32, 32) * 50
    scale = scaling_of(counts).input_scale
    assert check_input(counts, scale) == []
    assert "4 times the power" in check_input(counts, 2 * scale)[0]


def test_a_repeated_channel_is_told():
    """The planted fault repeated-channel: one pattern shown C times instead of C neighbours."""
    counts = torch.rand(8, 4, 32, 32) * 50
    scale = scaling_of(counts).input_scale
    assert check_input(counts, scale) == []
    assert "same pattern" in check_input(counts[:, :1].expand(-1, 4, -1, -1), scale)[0]


def test_a_probe_of_another_rank_is_an_error():
    with pytest.raises(InputError, match="modes, N, N"):
        Model(Architecture(32), torch.ones(4, 1, 32, 32) + 0j, Scaling(1, 1))


def test_a_batch_of_any_size_gives_the_same_counts_per_pattern():
    scan = small_scan(modes=2)
    model = model_of(scan).eval()
    counts = torch.from_numpy(scan.counts).float()[:, None]
    zeros = torch.zeros(16, 1)
    whole = model(Batch(counts, zeros, zeros))
    one = model(Batch(counts[:1], zeros[:1], zeros[:1]))
    torch.testing.assert_close(whole[:1], one, rtol=1e-4, atol=1e-3)


def test_a_trainable_probe_gets_a_gradient():
    scan = small_scan()
    model = model_of(scan, trainable=True)
    batch = Batch(torch.from_numpy(scan.counts).float()[:2, None], torch.zeros(2, 1), torch.zeros(2, 1))
    Loss(model.scaling.mean_count)(model(batch), batch).backward()
    assert model.probe_re.grad is not None
    assert np.abs(model.probe_re.grad.numpy()).max() > 0


def test_every_tensor_of_a_batch_is_moved():
    batch = Batch(torch.zeros(1, 1, 2, 2), torch.zeros(1, 1), torch.zeros(1, 1), torch.ones(1, 1, 2, 2)).to("meta")
    assert all(part is not None and part.device.type == "meta" for part in batch)
    model = model_of(small_scan(), trainable=True).to("meta")
    tensors = [*model.parameters(), *model.buffers(), *model.forward_model.probe, model.forward_model.frequencies]
    assert all(tensor.device.type == "meta" for tensor in tensors)


def test_inference_moves_the_model_and_every_batch_and_does_not_train(monkeypatch, caplog):
    moved = []
    monkeypatch.setattr(Model, "to", lambda self, device: (moved.append(("model", device)), self)[1])
    monkeypatch.setattr(Batch, "to", lambda self, device: (moved.append(("batch", device)), self)[1])
    caplog.set_level(logging.INFO, "ptychography")
    scan = small_scan()
    model = model_of(scan)
    patches = patches_of(model, make_dataset(scan, Configuration()), 8, "cuda")
    assert moved == [("model", "cuda"), ("batch", "cuda"), ("batch", "cuda")]
    assert not model.training
    assert patches.shape == (16, 1, 32, 32)
    assert "PyTorch model moved to device: cuda" in caplog.text
