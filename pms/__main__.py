"""`python -m pms`."""

from pms.cli import main

main(prog_name="pms")
