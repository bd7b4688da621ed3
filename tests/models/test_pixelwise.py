"""The per-pixel generator: what each pixel is translated from, and nothing else."""

from __future__ import annotations

import pytest
import torch

from pix2pix.models.pixelwise import Pixelwise


def test_parameters() -> None:
    count = sum(parameter.numel() for parameter in Pixelwise(3, 2, base_channels=8, layers=3).parameters())
    assert count == (3 * 8 + 8) + 2 * (8 * 8 + 8) + (8 * 2 + 2)
    wider = sum(p.numel() for p in Pixelwise(3, 2, base_channels=8, layers=3, receptive_field=5).parameters())
    assert wider == (9 * 3 * 8 + 8) + (9 * 8 * 8 + 8) + (8 * 8 + 8) + (8 * 2 + 2)


@pytest.mark.parametrize("field", [1, 3, 5, 9])
def test_a_pixel_is_translated_from_its_receptive_field(field: int) -> None:
    torch.manual_seed(0)
    generator = Pixelwise(3, 2, base_channels=8, receptive_field=field)
    source = torch.randn(1, 3, 17, 21).requires_grad_()
    (gradient,) = torch.autograd.grad(generator(source)[0, :, 8, 10].sum(), source)
    rows, columns = (gradient.abs().sum(dim=(0, 1, axis)).nonzero().flatten() for axis in (3, 2))
    assert (len(rows), len(columns)) == (field, field)
    assert rows.float().mean() == 8
    assert columns.float().mean() == 10


def test_with_a_field_of_one_pixel_places_do_not_matter() -> None:
    torch.manual_seed(0)
    generator = Pixelwise(3, 3, base_channels=8)
    source = torch.rand(1, 3, 6, 5) * 2 - 1
    order = torch.randperm(30)
    shuffled = source.flatten(2)[..., order].view_as(source)
    translated = generator(source).flatten(2)[..., order].view_as(source)
    assert torch.allclose(generator(shuffled), translated, atol=1e-6)


def test_any_size_and_every_parameter() -> None:
    torch.manual_seed(0)
    generator = Pixelwise(1, 2, base_channels=8, receptive_field=9)
    target = generator(torch.rand(2, 1, 7, 13) * 2 - 1)
    assert target.shape == (2, 2, 7, 13)
    assert target.abs().max() < 1
    assert 0.1 < target.std() < 0.9  # neither nothing at all at first, nor black and white
    target.square().sum().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in generator.parameters())


@pytest.mark.parametrize("field", [0, 2, 7])
def test_fields_that_cannot_be_had(field: int) -> None:
    with pytest.raises(ValueError, match=rf"generator\.receptive_field={field} cannot be had of 2 layers: .* 1, 3, 5$"):
        Pixelwise(3, 3, layers=2, receptive_field=field)
