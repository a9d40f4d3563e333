"""The flags of the command line, a file for each group or part of one."""
