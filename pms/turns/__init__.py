"""The turns of scheduled jobs: which were due, which are done, and who asked for one."""
