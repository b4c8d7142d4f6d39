"""`make predict MODEL=results/runs/.../seed1 TEXT=file`: labels of your own texts, one JSON object a line."""

import sys

from pushpull.evaluation.models.predict import main
from pushpull.planning.config import load_config

sys.stdout.reconfigure(encoding="utf-8")  # JSON is, whatever the locale
sys.exit(main(sys.argv[1:], lambda: load_config(None)["encoders"]))
