"""The processes of a run: trees that end together, ranks that agree, one run in a folder."""
