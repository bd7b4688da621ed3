"""What is wrong with a film or with what was asked of it, in words for the person who asked."""


class FilmError(ValueError):
    """A film that cannot be read, made or written; the message names the file and says what to do."""
