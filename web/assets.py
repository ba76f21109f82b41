"""Front-end assets: copies what the pages need of `node_modules` into `web/static/vendor` (`python -m web.assets`).

The copies are bundled into the wheel and served by the centre itself; nothing is fetched from elsewhere at run time.
"""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
VENDOR = Path(__file__).parent / "static" / "vendor"
FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "htmx-ext-sse/dist/sse.min.js": "htmx-sse.js",
    "idiomorph/dist/idiomorph-ext.min.js": "htmx-morph.js",
    "uplot/dist/uPlot.iife.min.js": "uplot.js",
    "uplot/dist/uPlot.min.css": "uplot.css",
}
LICENCES = ("htmx.org", "htmx-ext-sse", "idiomorph", "uplot")


def copy(modules: Path, vendor: Path) -> None:
    """Copy FILES and the licences of their packages. Raises FileNotFoundError, naming what is missing."""
    vendor.mkdir(parents=True, exist_ok=True)
    for source, name in FILES.items():
        shutil.copyfile(modules / source, vendor / name)
    for package in LICENCES:
        (found,) = (modules / package).glob("LICENSE*")
        shutil.copyfile(found, vendor / f"LICENSE.{package}")


def main() -> int:
    try:
        copy(ROOT / "node_modules", VENDOR)
    except FileNotFoundError as error:
        print(f"{error.filename} is not there. Run: npm ci --ignore-scripts", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
