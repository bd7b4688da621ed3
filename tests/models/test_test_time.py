"""Translation at test time: each picture on its own, noise by name, nothing left changed behind."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.multiprocessing.spawn import spawn

from pix2pix.models.blocks import Generator
from pix2pix.models.resnet import ResNet
from pix2pix.models.test_time import Statistics, pad_to_multiple, translate
from pix2pix.models.unet import UNet


@pytest.fixture
def generator() -> UNet:
    torch.manual_seed(0)
    unet = UNet(2, 3, base_channels=8, depth=3)
    with torch.no_grad():
        for _ in range(3):
            unet(torch.randn(4, 2, 16, 16))  # running statistics unlike those of any test picture
    return unet


def pictures(count: int = 3, height: int = 16, width: int = 24) -> Tensor:
    return torch.rand(count, 2, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


def names(count: int) -> list[str]:
    return [f"{index:04d}.png" for index in range(count)]


def state(module: nn.Module) -> tuple[dict[str, Tensor], dict[str, bool]]:
    tensors = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    return tensors, {name: part.training for name, part in module.named_modules()}


def assert_same_state(module: nn.Module, before: tuple[dict[str, Tensor], dict[str, bool]]) -> None:
    tensors, modes = state(module)
    assert modes == before[1]
    assert tensors.keys() == before[0].keys()
    assert all(torch.equal(tensors[name], before[0][name]) for name in tensors)


@pytest.mark.parametrize("statistics", ["picture", "running"])
@pytest.mark.parametrize("noise", [True, False])
def test_a_result_does_not_depend_on_the_batch(generator: UNet, noise: bool, statistics: Statistics) -> None:
    source = pictures()
    together = translate(generator, source, names(3), noise=noise, statistics=statistics, seed=7)
    assert together.shape == (3, 3, 16, 24)
    for index in (2, 0, 1):
        one = source[index : index + 1]
        alone = translate(generator, one, names(3)[index : index + 1], noise=noise, statistics=statistics, seed=7)
        assert torch.equal(alone[0], together[index])


def test_noise_follows_seed_and_name_alone(generator: UNet) -> None:
    source = pictures(1)

    def translated(seed: int, name: str, noise: bool = True) -> Tensor:
        torch.rand(5)  # wherever the global state stands
        return translate(generator, source, [name], noise=noise, statistics="picture", seed=seed)

    assert torch.equal(translated(1, "a"), translated(1, "a"))
    assert not torch.equal(translated(1, "a"), translated(2, "a"))
    assert not torch.equal(translated(1, "a"), translated(1, "b"))
    assert torch.equal(translated(1, "a", noise=False), translated(2, "b", noise=False))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("statistics", ["picture", "running"])
def test_leaves_everything_as_it_was(generator: UNet, training: bool, statistics: Statistics) -> None:
    generator.train(training)
    generator.up[1].train(not training)
    before, random = state(generator), torch.get_rng_state()
    output = translate(generator, pictures(), names(3), noise=True, statistics=statistics, seed=0)
    assert_same_state(generator, before)
    assert torch.equal(torch.get_rng_state(), random)
    assert not output.requires_grad


def test_leaves_everything_as_it_was_when_the_translation_fails(generator: UNet) -> None:
    before, random = state(generator), torch.get_rng_state()
    with pytest.raises(RuntimeError):
        translate(generator, torch.zeros(1, 5, 16, 16), ["a"], noise=True, statistics="picture", seed=0)
    assert_same_state(generator, before)
    assert torch.equal(torch.get_rng_state(), random)


def test_picture_statistics_are_those_of_training_with_a_batch_of_one(generator: UNet) -> None:
    source = pictures(1)
    translated = translate(generator, source, ["a"], noise=False, statistics="picture", seed=0)
    silent = UNet(2, 3, base_channels=8, depth=3, dropout=0.0)
    silent.load_state_dict(generator.state_dict())
    assert torch.allclose(translated, silent.train()(source), atol=1e-6)


def test_running_statistics_are_those_of_eval_mode(generator: UNet) -> None:
    source = pictures(2)
    translated = translate(generator, source, names(2), noise=False, statistics="running", seed=0)
    assert torch.allclose(translated, generator.eval()(source), atol=1e-6)
    by_picture = translate(generator, source, names(2), noise=False, statistics="picture", seed=0)
    assert not torch.allclose(translated, by_picture, atol=1e-3)


@pytest.mark.parametrize("noise", [True, False])
def test_dropout_acts_on_its_share_only_with_noise(noise: bool) -> None:
    class Noise(Generator):
        multiple = 1

        def __init__(self) -> None:
            super().__init__()
            self.dropout = nn.Dropout(0.25)

        def forward(self, source: Tensor) -> Tensor:
            dropped: Tensor = self.dropout(source)
            return dropped

    output = translate(Noise(), torch.ones(1, 1, 200, 200), ["a"], noise=noise, statistics="picture", seed=0)
    assert (output == 0).float().mean().item() == pytest.approx(0.25 if noise else 0, abs=0.02)


@pytest.mark.parametrize(("height", "width"), [(16, 24), (13, 21), (5, 17), (9, 8)])
def test_any_size_is_padded_by_reflection_and_cropped_back(generator: UNet, height: int, width: int) -> None:
    source = pictures(1, height, width)
    translated = translate(generator, source, ["a"], noise=False, statistics="running", seed=0)
    assert translated.shape == (1, 3, height, width)
    padded, crop = pad_to_multiple(source, 8)
    assert torch.allclose(generator.eval()(padded)[crop], translated, atol=1e-6)


def test_padding_reflects_alike_on_both_sides() -> None:
    row = torch.arange(5.0).expand(1, 1, 8, 5)
    padded, crop = pad_to_multiple(row, 4)
    assert padded[0, 0, 0].tolist() == [1, 0, 1, 2, 3, 4, 3, 2]
    assert torch.equal(padded[crop], row)


def test_nothing_to_pad_copies_nothing() -> None:
    source = pictures()
    padded, crop = pad_to_multiple(source, 8)
    assert padded is source
    assert torch.equal(source[crop], source)


def test_too_small_to_be_padded() -> None:
    with pytest.raises(ValueError, match=r"5 x 40 \(height x width\) are too small .* multiples of 32"):
        pad_to_multiple(pictures(1, 5, 40), 32)


def test_a_resnet_without_batch_norm() -> None:
    generator = ResNet(2, 1, base_channels=4, blocks=1, dropout=0.5)
    first, second = (
        translate(generator, pictures(1, 9, 18), ["a"], noise=True, statistics=statistics, seed=3)
        for statistics in ("picture", "running")
    )
    assert first.shape == (1, 1, 9, 18)
    assert torch.equal(first, second)


def _translate_on_one_rank_alone(rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    torch.manual_seed(0)
    generator = nn.SyncBatchNorm.convert_sync_batchnorm(UNet(2, 3, base_channels=4, depth=3))  # type: ignore[no-untyped-call]
    if rank == 0:  # were it to wait for rank 1, this would hang or fail
        translated = translate(generator, pictures(2), names(2), noise=True, statistics="picture", seed=0)
        torch.save(translated, folder / "translated.pt")
        assert generator.training
    torch.distributed.destroy_process_group()


def test_synchronised_norms_take_the_pictures_statistics_and_do_not_communicate(tmp_path: Path) -> None:
    spawn(_translate_on_one_rank_alone, (tmp_path,), nprocs=2)  # type: ignore[no-untyped-call]
    torch.manual_seed(0)
    generator = UNet(2, 3, base_channels=4, depth=3)
    expected = translate(generator, pictures(2), names(2), noise=True, statistics="picture", seed=0)
    assert torch.equal(torch.load(tmp_path / "translated.pt"), expected)


def test_compiled_generator_agrees(generator: UNet) -> None:
    source = pictures(1)
    eager = translate(generator, source, ["a"], noise=False, statistics="picture", seed=0)
    generator.compile(backend="aot_eager")
    assert torch.allclose(
        translate(generator, source, ["a"], noise=False, statistics="picture", seed=0), eager, atol=1e-6
    )
    running = translate(generator, source, ["a"], noise=False, statistics="running", seed=0)
    assert not torch.allclose(running, eager, atol=1e-3)


def test_a_name_that_is_no_text_has_noise_of_its_own() -> None:
    torch.manual_seed(0)
    generator = UNet(1, 1, base_channels=4, depth=2)
    source = torch.rand(1, 1, 16, 16).expand(3, -1, -1, -1)
    names = ["caf\udce9", "caf\udce8", "caf\udce9"]
    one, other, again = translate(generator, source, names, noise=True, statistics="picture", seed=0)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
