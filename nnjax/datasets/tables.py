"""Your own table: turn a CSV file or a data frame into rows that a network can learn from."""

import os
import pathlib
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax import checks
from nnjax.datasets.rows import Data, one_hot

MOST_CATEGORIES = 100
"""A text column with more distinct values than this is taken to name the rows, not to describe them."""
FEW = 20
"""The largest number of distinct whole numbers that may be classes."""
SNIFFED = 20
"""The number of lines that are read to find out how a file separates its columns."""
DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+([eE][-+]?\d+)?")
"""A whole field that is a number with a comma as its decimal sign."""


class Names(NamedTuple):
    """What the columns of xs and ys mean.

    Attributes:
        inputs: For each column of xs, the name of the table's column; for a text column, the value is added,
            as in "colour=red".
        outputs: For each column of ys, its class; if the target is a number, the name of the target.
        classes: All classes; if there are two, the first is coded as 0. Empty if the target is a number.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    classes: tuple[str, ...]


class Table(NamedTuple):
    """Rows to train on, rows to test with, and what their columns are."""

    train: Data
    test: Data
    names: Names


def table(
    frame_or_path: Any,
    target: str,
    test: float = 0.25,
    seed: int = 0,
    kind: str | None = None,
    rows: int | None = None,
    without: str | Sequence[str] = (),
) -> Table:
    """Read a CSV file or a data frame and split its rows; numbers are standardised, text becomes one-hot.

    Input numbers are standardised by the mean and standard deviation of the training rows only. A target with
    two values becomes one column of 0 and 1; a target with more classes becomes one-hot. In both cases,
    each class makes up the same share of the training rows as of the test rows. Any other numeric target
    stays as it is.

    Args:
        frame_or_path: A file whose first line names the columns (separated by commas, semicolons or tabs), a
            pandas data frame, or a mapping of names to columns. Row numbers in a first column without a name,
            which R and pandas write into files, are left out. A file with semicolons or tabs may have a comma
            as its decimal sign, but then in all columns.
        target: The column to predict.
        test: The share of the rows that are kept for testing, between 0 and 1.
        seed: The seed that decides which rows are kept for testing.
        kind: "classes" or "number": says what the target is if it takes only a few whole-number values, which
            might mean either. A text target, or one with two values, stands for classes; any other target is
            a number.
        rows: The largest number of rows to take; the seed decides which rows are taken. None takes them all.
            What the columns hold is judged from all rows.
        without: One or more columns to leave out, such as one that names the rows.

    Raises:
        TypeError: If rows is not an integer.
        FileNotFoundError: If there is no such file.
        ImportError: If pandas or scikit-learn is not installed; the message names the extra.
        ValueError: If there is no such column, values are missing or infinite, a column has text among
            numbers, or numbers that are stored as text, there is only one class, a class or the table has too
            few rows, a text column names the rows, or a column holds something else; also if the target could
            be classes or a number, and no `kind` is given.
    """
    pandas = checks.needed("pandas", "datasets.table", "pandas")
    frame = _frame(pandas, frame_or_path)
    if not 0 < test < 1:
        raise ValueError(f"test must lie between 0 and 1, got {test}")
    names = {str(column): column for column in frame.columns}
    if len(names) < len(frame.columns):
        raise ValueError(f"columns must have different names, got {', '.join(map(str, frame.columns))}")
    for column in [without] if isinstance(without, str) else without:
        del names[checks.canonical("column", str(column), names)]
    wanted = names[checks.canonical("column", str(target), names)]
    frame = frame[list(names.values())] if without else frame
    _refuse_missing(frame)
    is_number = {name: _is_number(pandas, name, frame[column]) for name, column in names.items()}
    ys, labels, outputs, classes = _target(frame[wanted], str(wanted), is_number.pop(str(wanted)), kind)
    if not is_number:
        raise ValueError(f"the table has no column other than the target {wanted!r}")
    kept = _kept(len(frame), rows, seed)
    ys, labels = ys[kept], None if labels is None else labels[kept]
    columns = {name: frame[names[name]].iloc[kept] for name in is_number}
    train, tested = _rows(labels, ys, test, seed)
    xs, inputs = _inputs(columns, is_number, train)
    return Table(Data(xs[train], ys[train]), Data(xs[tested], ys[tested]), Names(inputs, outputs, classes))


def _frame(pandas: Any, source: Any) -> Any:
    if not isinstance(source, str | os.PathLike):
        frame = pandas.DataFrame(source)
    else:
        path = pathlib.Path(source)
        try:
            frame = _without_row_numbers(pandas.read_csv(path, **_format(path)))
        except (pandas.errors.EmptyDataError, pandas.errors.ParserError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is not a table of text and numbers in UTF-8: {error}") from error
    if len(frame) < 4:
        raise ValueError(f"the table has {len(frame)} rows; 4 or more are needed to train and to test")
    return frame.reset_index(drop=True)


def _without_row_numbers(frame: Any) -> Any:
    unnamed = len(frame.columns) > 0 and str(frame.columns[0]).startswith("Unnamed: ")
    if unnamed and any(np.array_equal(frame.iloc[:, 0], np.arange(len(frame)) + first) for first in (0, 1)):
        return frame.iloc[:, 1:]
    return frame


def _format(path: pathlib.Path) -> dict[str, str]:
    """Find a file's column separator and decimal point, which in European files are semicolon and comma."""
    with path.open(encoding="utf-8") as file:
        lines = [line for line, _ in zip(file, range(SNIFFED), strict=False)]
    head = lines[0] if lines else ""
    separator = max(",;\t", key=head.count)
    fields = [field.strip(' "\n') for line in lines[1:] for field in line.split(separator)]
    decimals = any(DECIMAL_COMMA.fullmatch(field) for field in fields)
    return {"sep": separator, "decimal": "," if decimals else "."}


def _refuse_missing(frame: Any) -> None:
    rows, columns = np.nonzero(frame.isna().to_numpy())
    if len(rows):
        where = f"row {rows[0] + 1}, column {str(frame.columns[columns[0]])!r}"
        raise ValueError(
            f"{where} is empty ({len(rows)} in all); fill in what is missing, or leave the row out"
        )


def _kept(count: int, rows: int | None, seed: int) -> np.ndarray:
    """Choose the indices of the rows to take, in their original order."""
    if rows is None or checks.count("rows", rows, least=4) >= count:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, rows, replace=False))


def _is_number(pandas: Any, name: str, column: Any) -> bool:
    """Distinguish numbers from text; refuse a column with both, or neither, and numbers stored as text."""
    types = pandas.api.types
    if types.is_numeric_dtype(column.dtype) and not types.is_complex_dtype(column.dtype):
        infinite = np.flatnonzero(~np.isfinite(column.to_numpy(float)))
        if len(infinite):
            raise ValueError(f"row {infinite[0] + 1}, column {name!r} is infinite")
        return True
    if isinstance(column.dtype, pandas.CategoricalDtype):
        return False
    if not (types.is_object_dtype(column.dtype) or types.is_string_dtype(column.dtype)):
        raise ValueError(f"column {name!r} holds {column.dtype}, neither numbers nor text")
    numbers = pandas.to_numeric(column, errors="coerce")
    texts = np.flatnonzero(numbers.isna().to_numpy())
    if 0 < 2 * len(texts) <= len(column):
        raise ValueError(f"row {texts[0] + 1}, column {name!r} holds {column.iloc[texts[0]]!r} among numbers")
    _refuse_numbers_as_text(pandas, name, column)
    return False


def _refuse_numbers_as_text(pandas: Any, name: str, column: Any) -> None:
    with_points = column.astype(str).str.replace(",", ".", n=1, regex=False)
    if not pandas.to_numeric(with_points, errors="coerce").isna().any():
        raise ValueError(
            f"column {name!r} holds numbers as text, such as {column.iloc[0]!r}; a file needs one decimal "
            "sign in all columns (a comma only with semicolons or tabs between them); in a data frame, use "
            'astype(float), or astype("category") if these are names'
        )


def _inputs(
    columns: dict[str, Any], is_number: dict[str, bool], train: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]]:
    blocks, names = [], []
    for name, column in columns.items():
        if is_number[name]:
            blocks.append(_standardised(column, train))
            names.append(name)
        else:
            block, categories = _encoded(name, column)
            blocks.append(block)
            names += [f"{name}={category}" for category in categories]
    return np.concatenate(blocks, axis=1), tuple(names)


def _standardised(column: Any, train: np.ndarray) -> np.ndarray:
    preprocessing = checks.needed("sklearn.preprocessing", "datasets.table")
    values = column.to_numpy(float)[:, None]
    return preprocessing.StandardScaler().fit(values[train]).transform(values)


def _encoded(name: str, column: Any) -> tuple[np.ndarray, list[str]]:
    preprocessing = checks.needed("sklearn.preprocessing", "datasets.table")
    values = column.astype(str).to_numpy(object)[:, None]
    encoder = preprocessing.OneHotEncoder(sparse_output=False).fit(values)
    categories = [str(value) for value in encoder.categories_[0]]
    if len(categories) > min(MOST_CATEGORIES, len(column) - 1):
        raise ValueError(
            f"column {name!r} holds {len(categories)} different strings in {len(column)} rows, and each "
            f"string would be a column of xs; leave it out: without=[{name!r}]"
        )
    return encoder.transform(values), categories


def _target(
    column: Any, name: str, numeric: bool, kind: str | None
) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...], tuple[str, ...]]:
    """Return ys (n, out), each row's class (None for numbers), the names of the columns and all classes."""
    kind = None if kind is None else checks.canonical("kind", kind, {"classes": None, "number": None})
    if kind == "number" and not numeric:
        raise ValueError(f"target {name!r} holds text, not numbers")
    values = column.to_numpy(float) if numeric else column.astype(str).to_numpy(object)
    found = np.unique(values)
    if len(found) == 1:
        raise ValueError(f"target {name!r} is {column.iloc[0]!r} in every row: there is nothing to learn")
    if numeric and kind != "classes" and (kind == "number" or not _may_be_classes(name, found)):
        return values[:, None], None, (name,), ()
    classes = tuple(f"{value:g}" if numeric else str(value) for value in found)
    labels = np.searchsorted(found, values)
    if len(found) == 2:
        return labels[:, None].astype(float), labels, classes[1:], classes
    return one_hot(labels, range(len(found))), labels, classes, classes


def _may_be_classes(name: str, found: np.ndarray) -> bool:
    if len(found) == 2:
        return True
    if len(found) <= FEW and np.all(found == np.floor(found)):
        raise ValueError(
            f"target {name!r} holds {len(found)} whole numbers, {found[0]:g} to {found[-1]:g}: classes or a "
            'number? Say kind="classes" or kind="number"'
        )
    return False


def _rows(labels: np.ndarray | None, ys: np.ndarray, test: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Choose the indices of the rows to train on and to test with."""
    count = len(ys)
    if labels is not None:
        sizes = np.bincount(labels, minlength=max(2, ys.shape[1]))
        tested = int(np.ceil(test * count))
        if sizes.min() < 2 or min(tested, count - tested) < len(sizes):
            raise ValueError(
                f"{count} rows of {len(sizes)} classes, the smallest with {sizes.min()}, are too few: each "
                f"class needs one row to train on and one to test with, and test={test:g} sets {tested} aside"
            )
    train_test_split = checks.needed("sklearn.model_selection", "datasets.table").train_test_split
    train, tested = train_test_split(np.arange(count), test_size=test, random_state=seed, stratify=labels)
    return np.sort(train), np.sort(tested)
