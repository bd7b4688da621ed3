"""What films are called: the suffixes that are read, and those that are written."""

FILMS = (".mp4", ".mov", ".mkv", ".m4v", ".avi", ".webm", ".ts", ".mpg", ".mpeg", ".y4m")
WRITTEN_FILMS = (".mp4", ".mov", ".mkv")
