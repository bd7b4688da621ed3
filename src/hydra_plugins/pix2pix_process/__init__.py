"""Hydra plugin: `hydra/launcher=process` runs every point of a sweep as a process tree of its own."""
