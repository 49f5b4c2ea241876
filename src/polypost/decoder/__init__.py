"""Pictures and films made anew, by a process of its own that has one file to read, one to write, and nothing else."""
