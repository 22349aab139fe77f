"""Both images hold what runs, and nothing else; the page for users has their sizes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.testbed.images.build import build
from tests.testbed.images.contents import ImageContents, read_image
from tests.testbed.lease import Lease, sweep

# Not beside the tests that build the same images for the cluster.
pytestmark = pytest.mark.xdist_group("site")

ROOT = Path(__file__).parents[3]
MEGABYTE = 1_000_000
FOLDERS = {"stream": "opt/camerastream/", "operator": "opt/camerastream-operator/"}
INSTALLERS = re.compile(
    r"/(pip|setuptools|wheel|ensurepip)/|/(pip|wheel)[0-9.]*$|/python-wheels/|"
    r"/(cc|gcc|g\+\+|make|cmake|ld)$"
)
"""Debian's notes about packages that were removed stay; they run nothing."""


@pytest.fixture(scope="module", params=FOLDERS)
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def image(target: str) -> ImageContents:
    sweep()
    with Lease.take("images", unique=True) as lease:
        return read_image(build(target, lease))


def own(image: ImageContents, target: str) -> dict[str, int]:
    """Return the files that are the program's and not the base's."""
    return {path: size for path, size in image.files.items() if path.startswith(FOLDERS[target])}


def test_nothing_in_it_installs_or_compiles(image: ImageContents) -> None:
    found = [
        path
        for path in image.files
        if INSTALLERS.search(f"/{path}") and not path.startswith("var/lib/dpkg/")
    ]
    assert found == []


def test_it_holds_no_tests_and_nothing_to_develop_with(image: ImageContents, target: str) -> None:
    files = own(image, target)
    assert [path for path in files if "/tests/" in path] == []
    packages = {
        path.split("/site-packages/")[1].split("/")[0] for path in files if "/site-" in path
    }
    assert not packages & {"pytest", "_pytest", "hypothesis", "mypy", "ruff", "av"}
    other = {
        "stream": {"kopf", "kubernetes", "camerastream_operator"},
        "operator": {"cv2", "numpy"},
    }
    assert not packages & other[target]


def test_every_module_is_compiled_once_since_nothing_can_be_written_later(
    image: ImageContents, target: str
) -> None:
    files = own(image, target)
    sources = {path for path in files if path.endswith(".py") and "/bin/" not in path}
    compiled = [path for path in files if path.endswith(".pyc")]
    made_from = [
        re.sub(r"__pycache__/(.+)\.cpython-\d+(\.opt-2)?\.pyc$", r"\1.py", path)
        for path in compiled
    ]
    assert len(set(made_from)) == len(made_from), "compiled twice"
    assert set(made_from) <= sources, "compiled from what is not there"
    # A package may carry a template or code for another Python, which does not compile.
    assert len(sources - set(made_from)) <= 5, sorted(sources - set(made_from))


def test_it_runs_as_a_numeric_user_and_says_what_it_is(image: ImageContents, target: str) -> None:
    assert image.settings["User"] == "10001:10001"
    labels = image.settings["Labels"]
    for name in ("title", "description", "version", "revision", "licenses"):
        assert labels[f"org.opencontainers.image.{name}"], name
    assert not [name for name in image.settings["Env"] if "PASSWORD" in name or "TOKEN" in name]


def test_the_page_for_users_has_its_size(image: ImageContents, target: str) -> None:
    """Over the base: what that weighs is up to whoever chooses it."""
    page = (ROOT / "docs/install.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| `{target}` \| (\d+) MB \| (\d+) MB \|", page, re.MULTILINE)
    assert row is not None, "a row for the target in the table of sizes"
    _base, *above = image.layers
    size = sum(layer.size_bytes for layer in above) / MEGABYTE
    packed = sum(layer.compressed_bytes for layer in above) / MEGABYTE
    assert size == pytest.approx(int(row[1]), rel=0.1)
    assert packed == pytest.approx(int(row[2]), rel=0.1)
