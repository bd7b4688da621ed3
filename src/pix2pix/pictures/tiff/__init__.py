"""TIFF: axes, values, stacks of pages, and what is kept beside the pixels."""
