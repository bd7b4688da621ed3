"""metrics.csv: every logged scalar of a run in one table, a row a log call, that a resumed run continues exactly."""

from __future__ import annotations

import csv
import io
import itertools
import logging
import os
from argparse import Namespace
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from pix2pix.files.atomic import whole_file

log = logging.getLogger(__name__)
Row = Mapping[str, str]
DIGITS = 18  # of a count of images, at most


class CsvTracker(Logger):
    """Writes `folder/metrics.csv`: the column `images` (images seen), then the keys in the order of their first coming.

    Values are written by `repr`, so that a float is read back bit for bit and the rows of a resumed run equal those of
    one that never stopped. A new key widens the table. An existing file is continued, never deleted; one that is no
    such table, because somebody has edited it, is set aside. A file that is gone is begun anew, with its header. A line
    that lacks its newline was cut off by a crash and counts as never written. Rank 0 alone writes.
    """

    def __init__(self, folder: str | Path) -> None:
        super().__init__()
        self.path = Path(folder) / "metrics.csv"
        self._columns: list[str] = []

    @property
    def name(self) -> str:
        """The csv knows no experiments: the run folder is the name."""
        return ""

    @property
    def version(self) -> str:
        """See `name`."""
        return ""

    @property
    def save_dir(self) -> str:
        """The run folder."""
        return str(self.path.parent)

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Nothing: the run folder holds the composed config already."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Append one row. `step` is the number of images seen; values are numbers or tensors of one element."""
        assert step is not None, "scalars are logged against images seen"
        assert "images" not in metrics, "the column `images` is the step"
        if not self._columns:
            self._rewrite(self._read())
        elif not self.path.exists() or not self.path.stat().st_size:
            log.warning("%s is gone: it is begun anew, without its earlier rows.", self.path)
            self._rewrite([])
        if not metrics.keys() <= set(self._columns):
            rows = self._read()
            self._columns += [key for key in metrics if key not in self._columns]
            self._rewrite(rows)
        row = {"images": repr(step)} | {key: _exact(value) for key, value in metrics.items()}
        with self.path.open("a", newline="", encoding="utf-8") as file:
            file.write(self._lines([row]))

    @rank_zero_only
    def cut_back(self, images: int) -> None:
        """Drop the rows of more than `images` images, so that a run resumed from there repeats none."""
        self._rewrite([row for row in self._read() if int(row["images"]) <= images])

    def _read(self) -> list[dict[str, str]]:
        """The rows on disk as text; learns the columns from the header. A file that is no such table is set aside."""
        try:
            if self.path.exists() and not self.path.is_file():
                raise csv.Error("a fifo would be waited for")
            text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
            reader = csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1], newline=""), strict=True)
            rows: list[dict[str, str]] = list(reader)
        except (UnicodeDecodeError, csv.Error):
            self._set_aside()
            return []
        self._columns = list(reader.fieldnames or ["images"])
        if self._columns[0] != "images" or not all(_is_row(row) for row in rows):
            self._set_aside()
            return []
        return rows

    def _set_aside(self) -> None:
        """Keep a file that is no table of this tracker under another name."""
        places = (self.path.with_name(f"metrics_set_aside_{number}.csv") for number in itertools.count(1))
        place = next(place for place in places if not place.exists())
        self.path.rename(place)
        self._columns = ["images"]
        log.warning(
            "%s is no table that can be continued: it is now %s, and a new one is begun.", self.path, place.name
        )

    def _rewrite(self, rows: Iterable[Row]) -> None:
        """Replace the file as a whole: whoever reads it finds the old table or the new one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(self.path) as file:
            file.write(self._lines([dict(zip(self._columns, self._columns, strict=True)), *rows]).encode())
            file.flush()
            os.fsync(file.fileno())

    def _lines(self, rows: Iterable[Row]) -> str:
        text = io.StringIO()
        csv.DictWriter(text, self._columns, restval="", lineterminator="\n").writerows(rows)
        return text.getvalue()


def _is_row(row: Row) -> bool:
    """Whether a line has a count of images before its values, and no more values than the table has columns."""
    images = row["images"]
    return images.isdecimal() and len(images) <= DIGITS and None not in row


def _exact(value: Any) -> str:
    return repr(value) if type(value) is int else repr(float(value))
