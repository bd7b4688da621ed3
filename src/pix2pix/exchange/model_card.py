"""The model card of a published run, written from the run's own facts; what it cannot know stands as FILL IN."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PAPER = "https://arxiv.org/abs/1611.07004"


@dataclass(frozen=True)
class Scores:
    """Scores by name, and of what."""

    values: Mapping[str, float]
    described: str


@dataclass(frozen=True)
class Facts:
    """What a card says.

    Attributes:
        name: of the model.
        record: of the checkpoint (see `runs`).
        images_seen: in training; None where it is not known.
        parameters: of the generator.
        scores: None where nothing was measured.
        samples: name of the picture beside the card, or None.
    """

    name: str
    record: Mapping[str, Any]
    images_seen: int | None
    parameters: int
    scores: Scores | None
    samples: str | None


def model_card(facts: Facts) -> str:
    """The card in Markdown, with the front matter that the hub reads."""
    return "\n".join(_lines(facts)) + "\n"


def _lines(facts: Facts) -> Iterator[str]:
    settings, imported = facts.record["settings"], facts.record["environment"].get("imported")
    source, target = (_domain(facts.record[f"{side}_domain"]) for side in ("source", "target"))
    yield from ("---", "license: other # FILL IN", "library_name: pix2pix-lightning", "pipeline_tag: image-to-image")
    yield from ("tags:", "- pix2pix", "- image-to-image", "---", "", f"# {facts.name}", "")
    yield f"A pix2pix generator ([Isola et al. 2017]({PAPER})): from {source} to {target}."
    if facts.samples is not None:
        yield from ("", f"![source, translated, target]({facts.samples})")
    yield from ("", "## Use", "", "```python", "from pix2pix import Translator", "")
    yield 'translate = Translator.load("FOLDER")  # where this card lies'
    yield from ("target = translate(source)  # numpy (H, W, C) as stored, to the target's own values", "```", "")
    yield from ("## Facts", "", "| | |", "|---|---|", f"| source | {source} |", f"| target | {target} |")
    for name, value in _training(settings, imported, facts):
        yield f"| {name} | {value} |"
    yield from ("", "## Scores", "")
    yield from _scores(facts.scores)
    yield from (
        "",
        "## Data and licence",
        "",
        "FILL IN: what the pictures are, where they come from, their licence and",
    )
    yield from ("consent. The licence of the weights is yours to name, in the first lines of this file too.", "")
    yield from ("## Intended use and limits", "")
    yield from (
        "- For pictures like those that it was trained on: FILL IN which. On others it still answers, and wrongly.",
    )
    yield "- It invents what the source does not say. A result is no measurement and no evidence of what was there."
    yield "- PSNR, SSIM and L1 reward blur; look at the samples."
    yield "- Pictures of people: only with their consent, and shown as made by a program."


def _training(settings: Mapping[str, Any], imported: str | None, facts: Facts) -> Iterator[tuple[str, str]]:
    generator = settings["generator"]
    name = generator["_target_"].rpartition(".")[2]
    details = ", ".join(f"{key} {value}" for key, value in generator.items() if key != "_target_")
    yield "generator", f"{name}: {details}; {facts.parameters / 1e6:.2f} M parameters"
    translation = settings["translation"]
    noise = "dropout on, seeded by the picture's name" if translation["noise"] else "dropout off"
    yield "at test time", f"{noise}; batch norm by the statistics of the {_STATISTICS[translation['statistics']]}"
    if imported is not None:
        yield (
            "imported",
            f"from the format of pytorch-CycleGAN-and-pix2pix: {imported}. How it was trained is not known",
        )
        return
    size, objective = settings["data"]["size"], settings["objective"]
    yield "experiment", settings["name"]
    yield "data", settings["data"]["name"] + (f", {size[0]} x {size[1]} pixels (height x width)" if size else "")
    if "direction" in settings["data"]:
        yield "direction", settings["data"]["direction"]
    yield "objective", ", ".join(f"{key} {value}" for key, value in objective.items() if _told(key, value))
    yield "batch size", str(settings["data"]["batch_size"])
    yield "learning rate", f"{settings['optimizer']['lr']:g}"
    schedule = settings["schedule"]
    yield "epochs", f"{schedule['epochs']}, of which {schedule['decay_epochs']} with the rate falling to 0"
    if facts.images_seen is not None:
        yield "images seen", str(facts.images_seen)
    yield "seed", str(settings["seed"])


_STATISTICS = {"picture": "picture itself", "running": "training"}


def _told(key: str, value: Any) -> bool:
    """Whether a setting of the objective is of a term that acts."""
    return bool(value) and (key in ("kind", "adversarial", "conditional") or key.endswith("_weight"))


def _domain(domain: Mapping[str, Any]) -> str:
    """A domain in words."""
    kind = domain["kind"]
    if kind in ("rgb", "grey"):
        return f"{kind} of {domain['bits']} bits"
    if kind == "labels":
        palette = domain["palette"]
        return f"labels of {len(palette)} colours" if palette else f"labels of {domain['classes']} classes"
    if kind == "raw":
        unit = f" {domain['unit']}" if domain["unit"] else ""
        return f"{domain['channels']} channel(s) of {domain['dtype']} in {domain['range']}{unit}"
    return {"lab_l": "lightness (Lab)", "lab_ab": "colours a and b (Lab)"}[kind]


def _scores(scores: Scores | None) -> Iterator[str]:
    if scores is None:
        yield "None were measured."
        return
    yield from (f"On {scores.described}:", "", "| score | value |", "|---|---|")
    for name, value in scores.values.items():
        yield f"| {name} | {value:.4g} |"
