"""Results as CSV files, for R, spreadsheets and anyone without netCDF: findings, tables, one row per seed."""

import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from experiments.runner.experiment import Data, Table

MOST_ROWS = 100_000
"""Parts with more rows than this are only in the netCDF file, unless they have one row per seed."""


def findings(each: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Tabulate findings from `store.as_json`: a column for each end of an interval, and no empty columns."""
    return pd.DataFrame([_flat(finding) for finding in each]).dropna(axis="columns", how="all")


def _flat(finding: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in finding.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}_{key}": each for key, each in _flat(value).items()}
        elif isinstance(value, (list, tuple)) and len(value) == 2:
            flat |= {f"{name}_low": value[0], f"{name}_high": value[1]}
        else:
            flat[name] = value
    return flat


def parts(data: xr.DataTree) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield (name, frame) for each set of variables in a group that share axes, one of which is the seed.

    Codes are replaced with words. A group whose variables have different axes yields a frame for each set of
    axes, named after the additional axes.
    """
    for node in data.subtree:
        group = node.to_dataset(inherit=False)
        found = {
            frozenset(each.dims): each.dims for each in group.data_vars.values() if _by_seed(each, group)
        }
        sets = sorted(found.values(), key=len)
        for axes in sets:
            if len(axes) == 1 or np.prod([group.sizes[axis] for axis in axes]) <= MOST_ROWS:
                yield _name(node.path, axes, sets[0]), _frame(group, axes)


def _by_seed(variable: xr.DataArray, group: xr.Dataset) -> bool:
    """Return whether the entries along one of the axes belong to seeds, or to pairs of seeds."""
    return any(
        str(name).endswith("seed") and set(group[name].dims) & set(variable.dims) for name in group.coords
    )


def _name(path: str, axes: Sequence[Any], fewest: Sequence[Any]) -> str:
    further = [str(axis) for axis in axes if axis not in fewest]
    return "-by-".join(
        [path.strip("/").replace("/", "-") or "seeds", *(["-".join(further)] if further else [])]
    )


def _frame(group: xr.Dataset, axes: Sequence[Any]) -> pd.DataFrame:
    names = [name for name, each in group.data_vars.items() if set(each.dims) == set(axes)]
    chosen = group[names].map(_in_words, keep_attrs=True)
    numbers = [axis for axis in axes if axis not in group.coords]
    counted = chosen.assign_coords({axis: np.arange(group.sizes[axis]) for axis in numbers})
    return counted.to_dataframe(dim_order=list(axes)).reset_index()


def _in_words(codes: xr.DataArray) -> xr.DataArray:
    if codes.dtype == bool:  # R reads True as text
        return codes.copy(data=np.where(codes.values, "TRUE", "FALSE"))
    if "flag_meanings" not in codes.attrs:
        return codes
    words = dict(zip(codes.attrs["flag_values"], codes.attrs["flag_meanings"].split(), strict=True))
    return codes.copy(data=np.vectorize(words.get, otypes=[object])(codes.values))


def file_name(title: str) -> str:
    """Make a file name from a table's title: at most 60 lower-case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].strip("-")


def table_names(titles: Sequence[str]) -> list[str]:
    """Return unique file names for the tables, without .csv."""
    names: list[str] = []
    for title in titles:
        name = f"table-{file_name(title)}"
        names.append(name if name not in names else f"{name}-{len(names) + 1}")
    return names


def write(
    folder: pathlib.Path,
    data: Data,
    each: Sequence[Mapping[str, Any]],
    tables: Mapping[str, Table],
) -> None:
    """Write findings.csv, table-*.csv and data-*.csv into `folder`."""
    tree = data if isinstance(data, xr.DataTree) else xr.DataTree(data)
    frames = {"findings": findings(each)}
    for (head, rows), name in zip(tables.values(), table_names(list(tables)), strict=True):
        frames[name] = pd.DataFrame(rows, columns=list(head))
    frames |= {f"data-{name}": frame for name, frame in parts(tree)}
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
