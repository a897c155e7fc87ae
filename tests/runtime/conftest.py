import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # for example_app and example_jobs
