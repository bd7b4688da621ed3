"""What the system refuses, in words: the file, what is wrong with it, and what can be done."""

from __future__ import annotations

import errno

_ROOM = "make room, or name another place"
_FILES = "raise the limit, `ulimit -n 4096`, or work with fewer processes"
ADVICE = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: "`ulimit -f` or the file system allows no larger one: raise the limit, or name another place",
    errno.EROFS: "name another place",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.EIO: "the disk fails, or the connection to it: try again, and look into the system's log",
}


def reason(error: OSError) -> str:
    """What is wrong and what can be done, without the file and the number of the error."""
    said = error.strerror or str(error) or type(error).__name__
    advice = ADVICE.get(error.errno or 0)
    return said if advice is None else f"{said}; {advice}"


def in_words(error: OSError) -> str:
    """The file, where it is known, and the reason."""
    return reason(error) if error.filename is None else f"{error.filename}: {reason(error)}"
