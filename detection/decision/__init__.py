"""Decision: the threshold of a detection map, what it detects, and the files of both."""
