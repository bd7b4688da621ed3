"""How well a segmentation network finds the classes in translations, as the FCN score of the paper."""

from pathlib import Path

JUDGES = Path("outputs", "judges")  # where judges are looked for, unless one is named
