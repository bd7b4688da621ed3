"""What happens beside the training: sample grids, checkpoints, progress, guards."""
