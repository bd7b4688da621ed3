"""The terms of the objectives: pure functions of logits and images."""
