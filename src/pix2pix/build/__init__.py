"""From checked settings to the parts of a run."""
