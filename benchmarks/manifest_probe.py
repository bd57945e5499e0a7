"""Validates a folder of workflows as a new process, and says what that cost. Run as a script, never imported."""

import json
import sys
import time


def main() -> None:
    """Print one JSON line."""
    began = time.perf_counter()
    from pathlib import Path

    from mozaiks.manifests.validate import validate

    imported = time.perf_counter()
    report = validate(Path(sys.argv[1]))
    validated = time.perf_counter()
    found = {
        "import_seconds": imported - began,
        "validate_seconds": validated - imported,
        "cpu_seconds": time.process_time(),
        "valid": sum(workflow.valid for workflow in report.workflows),
        "problems": len(report.problems),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
