"""What all losses share: distances, 32-bit numbers under autocast, large similarities, and no large tensor."""

import pytest
import torch
from loss_oracles import itself, loss, problem
from pushpull.losses import registry
from pushpull.losses.contrastive import msc
from pushpull.losses.kernel import negative_distance, weighted_contrast
from torch.utils._python_dispatch import TorchDispatchMode


def test_negative_distance_is_minus_the_euclidean_distance():
    generator = torch.Generator().manual_seed(0)
    one, two = (torch.randn(n, 5, dtype=torch.float64, generator=generator) for n in (4, 7))
    expected = torch.tensor(
        [[-(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5) for b in two] for a in one]
    )
    assert expected.abs().min() > 0.1
    torch.testing.assert_close(negative_distance(one, two), expected.double(), rtol=1e-6, atol=0)


def test_the_squared_distance_of_unit_vectors_is_two_minus_twice_their_cosine():
    vectors, _ = problem()
    cosine = vectors[:6] @ vectors[6:].T
    assert cosine.abs().min() > 1e-3
    torch.testing.assert_close(negative_distance(vectors[:6], vectors[6:]) ** 2, 2 - 2 * cosine)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equal_vectors_have_distance_zero_and_a_finite_gradient(dtype):
    vectors = (7 * problem()[0][:3]).to(dtype)
    vectors = torch.cat([vectors, vectors[:1]]).requires_grad_()  # the first one twice, and each with itself
    found = negative_distance(vectors, vectors)
    (found[0, 1] + found[0, 3] + found.diagonal().sum()).backward()
    assert found[0, 3].item() == pytest.approx(0, abs=5e-3 if dtype == torch.float32 else 1e-5)
    assert torch.isfinite(vectors.grad).all()
    # The pair that is apart pulls with the unit vector between the two; equal vectors do not pull at all.
    unit = (vectors[0] - vectors[1]).detach() / -found[0, 1].detach()
    torch.testing.assert_close(vectors.grad[1], unit, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(vectors.grad[3], torch.zeros(7, dtype=dtype), atol=1e-2, rtol=0)


@pytest.mark.parametrize("name", sorted(registry.CONTRASTIVE))
def test_a_temperature_of_a_thousandth_does_not_overflow(name):
    vectors, sets = problem()
    contrast = registry.load(name)

    def sharp(one, two):
        return one @ two.T / 1e-3

    value = loss(vectors.float(), sets.float(), 6, contrast, True, 0.1, similarity=sharp)
    expected = loss(vectors, sets, 6, contrast, True, 0.1, similarity=sharp)
    assert expected.abs() > 1
    assert value.item() == pytest.approx(expected.item(), rel=1e-3)


def test_the_kernel_takes_half_precision_to_float32():
    vectors, sets = problem()
    weights, gain, _ = msc(sets[:6].float(), sets.float(), itself(6, sets), True)
    half = (vectors[:6] @ vectors.T / 0.1).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = weighted_contrast(half, weights, gain)
    assert found.dtype == torch.float32
    expected = weighted_contrast(half.double(), weights.double(), gain.double())
    assert expected.min() > 0.1
    torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=1e-6)


class Largest(TorchDispatchMode):
    """Remembers the number of elements of the largest tensor that any operation returns."""

    elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(tensor, torch.Tensor):
                self.elements = max(self.elements, tensor.numel())
        return result


@pytest.mark.parametrize("name", sorted(registry.CONTRASTIVE))
def test_no_tensor_of_batch_times_references_times_labels_is_made(name):
    batch, references, labels = 64, 1024, 400
    generator = torch.Generator().manual_seed(0)
    sets = (torch.rand(references, labels, generator=generator) < 0.02).float()
    sets[1] = sets[0]  # SupCon needs two equal ones
    similarity = torch.randn(batch, references + labels, generator=generator).requires_grad_()
    with Largest() as watch:
        weights, gain, constant = registry.load(name)(sets[:batch], sets, itself(batch, sets), True)
        (weighted_contrast(similarity, weights, gain) + constant).sum().backward()
    assert similarity.grad.any()
    assert batch * references <= watch.elements <= (references + labels) * labels  # the label sets themselves


@pytest.mark.parametrize("name", sorted(registry.LABEL_WISE))
def test_no_tensor_of_batch_times_batch_times_labels_is_made(name):
    batch, labels, width = 64, 400, 8
    generator = torch.Generator().manual_seed(0)
    sets = (torch.rand(batch, labels, generator=generator) < 0.005).float()
    vectors = torch.randn(batch, labels, width, generator=generator).requires_grad_()
    with Largest() as watch:
        registry.load(name)(vectors, sets.nonzero().T, 0.1).backward()
    assert vectors.grad.any()
    assert watch.elements == vectors.numel()
