"""Trained generators to and from other programs: exported files, files of the usual code, the hub's layout."""
