"""`python -m gpu_tasks`: what the container runs."""

import sys

from gpu_tasks.main import main
from gpu_tasks.studio import load_studio

sys.exit(main(load_studio))
