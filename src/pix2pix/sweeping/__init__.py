"""Sweeps: many trainings, each its own process tree, and the table of their scores."""
