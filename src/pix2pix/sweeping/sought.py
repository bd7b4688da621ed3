"""What a training returns to the sweeper that has started it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pix2pix.sweeping.point import SweepError


def sought(scores: Mapping[str, float], metric: str | Sequence[str] | None) -> Any:
    """What a sweeper seeks the best of, as `sweep_metric` names it: a float, or of several a list; all scores for None.

    Raises SweepError where there is no such score.
    """
    if metric is None:
        return dict(scores)
    names = [metric] if isinstance(metric, str) else list(metric)
    if missing := [name for name in names if name not in scores]:
        raise SweepError(f"sweep_metric: there is no {', '.join(missing)} in the scores, only {', '.join(scores)}")
    values = [float(scores[name]) for name in names]
    return values[0] if isinstance(metric, str) else values
