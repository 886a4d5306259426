"""``python -m labelprep`` is the script ``labelprep``."""

from labelprep.cli import main

if __name__ == "__main__":
    main()
