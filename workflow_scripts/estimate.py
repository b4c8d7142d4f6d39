"""`make estimate STUDY=papers`: GPU hours of a study by method, table, figure and paper, before anything is run."""

import sys

from pushpull.estimate.printout import main
from pushpull.job import print_anything

print_anything()
sys.exit(main(sys.argv[1:]))
