"""Processes: trees that end together, ranks that agree, one run in a folder, and how their memory is kept."""
