"""`make predict MODEL=results/runs/.../seed1 TEXT=file`: labels of your own texts, one JSON object a line."""

import sys

from pushpull.evaluation.predict import main

sys.exit(main(sys.argv[1:]))
