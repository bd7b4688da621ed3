"""Scores of translations: a pure function each, then a torchmetrics class."""
