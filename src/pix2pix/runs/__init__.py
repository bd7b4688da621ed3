"""A run's folder: its checkpoints, its record, and who may write there."""
