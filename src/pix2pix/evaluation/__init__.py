"""What finished runs are worth: their scores with intervals, compared on the same pictures."""

from pathlib import Path

JUDGES = Path("outputs", "judges")  # where judges are looked for, unless one is named
