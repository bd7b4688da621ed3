"""Experiment trackers: where scalars, configuration and pictures go."""
