"""The reference: pix2pix as it is usually written in PyTorch. Float32, eager, contiguous, Adam as it comes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PlainUNet(nn.Module):
    """One level of the U-Net around the next: x → [x, up(inner(down(x)))]; the outermost gives the picture."""

    def __init__(self, outer: int, inner: int, within: nn.Module | None, *, entering: int, kind: str) -> None:
        super().__init__()
        self.outermost = kind == "outermost"
        down: list[nn.Module] = [nn.Conv2d(entering, inner, 4, 2, 1, bias=False)]
        if kind != "outermost":
            down.insert(0, nn.LeakyReLU(0.2, True))
        if kind in ("middle", "noisy"):
            down.append(nn.BatchNorm2d(inner))
        joined = inner if within is None else 2 * inner
        up: list[nn.Module] = [nn.ReLU(True), nn.ConvTranspose2d(joined, outer, 4, 2, 1, bias=self.outermost)]
        up.append(nn.Tanh() if self.outermost else nn.BatchNorm2d(outer))
        if kind == "noisy":
            up.append(nn.Dropout(0.5))
        self.layers = nn.Sequential(*down, *([] if within is None else [within]), *up)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return y if self.outermost else torch.cat([x, y], 1)


def plain_unet(channels: int = 3, base: int = 64, depth: int = 8) -> nn.Module:
    widths = [base * min(2**level, 8) for level in range(depth)]
    network: nn.Module | None = None
    for level in range(depth - 1, -1, -1):
        entering = channels if level == 0 else widths[level - 1]
        # The paper's dropout is in the first three up-convolutions, of which the innermost is one.
        noisy = depth - 4 < level < depth - 1
        kind = "innermost" if level == depth - 1 else "outermost" if level == 0 else "noisy" if noisy else "middle"
        network = PlainUNet(entering, widths[level], network, entering=entering, kind=kind)
    assert network is not None
    return network


def plain_patchgan(channels: int = 6, base: int = 64, halvings: int = 3) -> nn.Module:
    widths = [base * min(2**level, 8) for level in range(halvings + 1)]
    layers: list[nn.Module] = [nn.Conv2d(channels, widths[0], 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for level in range(1, halvings + 1):
        stride = 1 if level == halvings else 2
        layers += [
            nn.Conv2d(widths[level - 1], widths[level], 4, stride, 1, bias=False),
            nn.BatchNorm2d(widths[level]),
            nn.LeakyReLU(0.2, True),
        ]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, 1, 1))


class PlainLoop:
    """The usual training step: D on real and translated pictures, then G against the D just stepped."""

    def __init__(self, base: int = 64, depth: int = 8, halvings: int = 3) -> None:
        self.generator, self.discriminator = plain_unet(3, base, depth), plain_patchgan(6, base, halvings)
        self.players = [
            torch.optim.Adam(player.parameters(), lr=2e-4, betas=(0.5, 0.999))
            for player in (self.generator, self.discriminator)
        ]

    def step(self, source: Tensor, target: Tensor) -> None:
        fake = self.generator(source)

        self.discriminator.requires_grad_(True)
        self.players[1].zero_grad()
        fake_loss = _adversarial(self.discriminator(torch.cat([source, fake.detach()], 1)), real=False)
        real_loss = _adversarial(self.discriminator(torch.cat([source, target], 1)), real=True)
        ((fake_loss + real_loss) * 0.5).backward()  # type: ignore[no-untyped-call]
        self.players[1].step()

        self.discriminator.requires_grad_(False)
        self.players[0].zero_grad()
        adversarial = _adversarial(self.discriminator(torch.cat([source, fake], 1)), real=True)
        (adversarial + 100 * F.l1_loss(fake, target)).backward()  # type: ignore[no-untyped-call]
        self.players[0].step()


def _adversarial(logits: Tensor, *, real: bool) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))
