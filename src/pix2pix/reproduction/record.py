"""What is under way, and how it is written down: `results.json`, `results.md` and the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from pix2pix.files.atomic import write_whole
from pix2pix.reproduction.methods import Method, Setting
from pix2pix.reproduction.plan import Plan
from pix2pix.reproduction.tables import Table
from pix2pix.sweeping.point import Result
from pix2pix.version import __version__

NO_JUDGE = "none"


class Record:
    """What is under way, and how it is written down."""

    def __init__(
        self,
        command: str,
        setting: Setting,
        shown: Sequence[Table],
        chosen: Sequence[Method],
        plan: Plan,
        folder: Path,
        judge: Mapping[str, Any] | None,
    ) -> None:
        self.command, self.setting, self.shown, self.chosen = command, setting, shown, chosen
        self.plan, self.folder, self.judge = plan, folder, judge
        self._failures: dict[str, str] = {}  # name: the end of its log

    @property
    def judge_folder(self) -> str:
        """As the points take it."""
        return NO_JUDGE if self.judge is None else self.judge["folder"] or NO_JUDGE

    def add(self, result: Result) -> None:
        """Write down that a point has ended."""
        if result.status == "failed":
            self._failures[result.point.name] = result.last_lines
        self.write()

    def write(self) -> None:
        """Write `results.json`, `results.md` and `index.html` of what is finished, each as a whole."""
        from pix2pix.reproduction.page import About, markdown, page
        from pix2pix.reproduction.results import as_plain, point_facts

        facts = point_facts(self.folder, self.chosen, self.plan.seeds)
        results = as_plain(self.folder, self.shown, self.plan.seeds)
        about = About(
            title="The tables of pix2pix, reproduced",
            command=self.command,
            settings=self._settings(facts),
            seeds=self.plan.seeds,
            epochs=self.plan.epochs,
            wanted=len(self.chosen) * self.plan.seeds,
            points=facts,
            failed=list(self._failures.items()),
            judge=self.judge,
            notes=[_about_data(self.setting)],
        )
        more = {"plan": asdict(self.plan), "command": self.command, "points": facts, "judge": self.judge}
        write_whole(self.folder / "results.json", json.dumps({**results, **more}, indent=1, ensure_ascii=False) + "\n")
        write_whole(self.folder / "results.md", markdown(results, about))
        write_whole(self.folder / "index.html", page(results, self.shown, about, self.folder))

    def _settings(self, facts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        composed = self.setting.composed
        size, schedule = composed["data"]["size"], composed["schedule"]
        listed = {
            "data": " ".join(str(composed["data"].get(key) or "") for key in ("name", "root")).strip(),
            "size": f"{composed['size']['name']}: {'as stored' if size is None else f'{size[0]} × {size[1]}'},"
            f" {composed['size']['base_channels']} channels",
            "epochs": f"{self.plan.epochs}, the last {schedule['decay_epochs']} with a falling rate",
            "seeds": f"0 to {self.plan.seeds - 1}",
            "batch": str(composed["data"]["batch_size"]),
            "overrides": " ".join(self.setting.overrides) or "none",
            "pix2pix": __version__,
            "written": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        }
        for name in ("torch", "accelerator", "precision", "threads", "processor"):
            found = dict.fromkeys(str(point["environment"].get(name)) for point in facts)
            if found:
                listed[name] = ", ".join(found)
        return listed


def _about_data(setting: Setting) -> str:
    data = setting.composed["data"]
    where = "embedded scenes" if data["name"] == "scenes" else f"the pairs in {data['root']}"
    size = "" if data["size"] is None else f" at {data['size'][0]} × {data['size'][1]} pixels"
    return f"Trained on {where}{size}; the paper's tables are of Cityscapes at 256 × 256."
