"""How both players learn: steps, schedules, checkpoints, resuming."""
