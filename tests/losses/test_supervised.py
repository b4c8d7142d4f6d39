"""BCE, focal and asymmetric loss against loops over documents and labels, with gradients."""

import math

import pytest
import torch
from pushpull.losses.supervised import asymmetric, bce, focal


def problem():
    generator = torch.Generator().manual_seed(0)
    logits = 2 * torch.randn(5, 4, dtype=torch.float64, generator=generator)
    return logits, (torch.rand(5, 4, generator=generator) < 0.4).double()


def loop(logits, labels, gamma_positive, gamma_negative, margin):
    total = 0.0
    for row, truth in zip(logits, labels, strict=True):
        for logit, label in zip(row, truth, strict=True):
            p = 1 / (1 + torch.exp(-logit))
            if label:
                total = total - (1 - p) ** gamma_positive * torch.log(p)
            elif p > margin:
                total = total - (p - margin) ** gamma_negative * torch.log(1 - (p - margin))
    return total / logits.numel()


@pytest.mark.parametrize(
    ("loss", "constants"),
    [(bce, (0.0, 0.0, 0.0)), (focal, (2.0, 2.0, 0.0)), (asymmetric, (0.0, 3.0, 0.3))],
)
def test_value_and_gradient_equal_the_loop(loss, constants):
    logits, labels = problem()
    one, two = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    value, expected = loss(one, labels), loop(two, labels, *constants)
    value.backward()
    expected.backward()
    assert two.grad.abs().max() > 1e-3
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(one.grad, two.grad)


@pytest.mark.parametrize("constants", [(1.0, 0.0, 0.3), (0.0, 0.0, 0.3), (2.0, 1.0, 0.05), (1.0, 4.0, 0.0)])
def test_asymmetric_equals_the_loop_for_other_constants_and_counts_zero_to_the_zero_as_one(constants):
    logits, labels = problem()
    below = (torch.sigmoid(logits) <= constants[2]) & (labels == 0)
    assert below.any() or not constants[2]
    one, two = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    value, expected = asymmetric(one, labels, *constants), loop(two, labels, *constants)
    value.backward()
    expected.backward()
    assert two.grad.abs().max() > 1e-3
    torch.testing.assert_close(value, expected)
    torch.testing.assert_close(one.grad, two.grad)
    assert not one.grad[below].any()


@pytest.mark.parametrize("loss", [bce, focal, asymmetric])
def test_half_precision_logits_are_taken_to_float32(loss):
    logits, labels = problem()
    with torch.autocast("cpu", torch.bfloat16):
        found = loss(logits.bfloat16(), labels.bfloat16())
    assert found.dtype == torch.float32
    expected = loss(logits.bfloat16().double(), labels)
    assert expected > 0.01
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-6)


def test_focal_with_gamma_zero_is_bce():
    logits, labels = problem()
    assert bce(logits, labels) > 0.1
    torch.testing.assert_close(focal(logits, labels, gamma=0.0), bce(logits, labels))


def test_asymmetric_without_focusing_and_margin_is_bce():
    logits, labels = problem()
    assert bce(logits, labels) > 0.1
    torch.testing.assert_close(asymmetric(logits, labels, 0.0, 0.0, 0.0), bce(logits, labels))


def test_asymmetric_with_equal_focusing_and_no_margin_is_focal():
    logits, labels = problem()
    assert focal(logits, labels) > 0.1
    torch.testing.assert_close(asymmetric(logits, labels, 2.0, 2.0, 0.0), focal(logits, labels))


def test_negatives_below_the_margin_cost_nothing_and_have_no_gradient():
    logits = torch.tensor([[-3.0, -1.0]], requires_grad=True)  # p = 0.05 and 0.27
    value = asymmetric(logits, torch.zeros(1, 2))
    value.backward()
    assert value == 0
    assert torch.equal(logits.grad, torch.zeros(1, 2))


@pytest.mark.parametrize("loss", [bce, focal, asymmetric])
def test_extreme_logits_stay_finite(loss):
    logits = torch.tensor([[80.0, -80.0, 80.0, -80.0]], requires_grad=True)
    value = loss(logits, torch.tensor([[1.0, 0.0, 0.0, 1.0]]))
    value.backward()
    assert math.isfinite(value.item())
    assert torch.isfinite(logits.grad).all()
