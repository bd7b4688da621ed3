"""What people can mend, raised wherever it is found: facts, told by whoever runs the command."""

from __future__ import annotations


class ConfigError(ValueError):
    """A mistake in the settings, told to the person who typed them: no traceback is wanted."""


class BadPairError(ValueError):
    """A pair that cannot be used; the message names the file and says what is wrong with it."""
