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
    "@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf": "noto-sans.ttf",
    "@expo-google-fonts/noto-sans/700Bold/NotoSans_700Bold.ttf": "noto-sans-bold.ttf",
}
"""Fonts are whole, for what the centre prints itself; pages have those of whoever reads them."""
LICENCES = {
    "htmx.org": "LICENSE",
    "htmx-ext-sse": "LICENSE",
    "idiomorph": "LICENSE",
    "uplot": "LICENSE",
    "@expo-google-fonts/noto-sans": "LICENSE_FONT",
}


def copy(modules: Path, vendor: Path) -> None:
    """Copy FILES and the licences of their packages. Raises FileNotFoundError, naming what is missing."""
    vendor.mkdir(parents=True, exist_ok=True)
    for source, name in FILES.items():
        shutil.copyfile(modules / source, vendor / name)
    for package, name in LICENCES.items():
        shutil.copyfile(modules / package / name, vendor / f"LICENSE.{package.rpartition('/')[2]}")


def main() -> int:
    try:
        copy(ROOT / "node_modules", VENDOR)
    except FileNotFoundError as error:
        print(f"{error.filename} is not there. Run: npm ci --ignore-scripts", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
