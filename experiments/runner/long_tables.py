"""Data as long tables, for R, pandas and spreadsheets: a row for each combination of what was varied."""

import pathlib
from collections.abc import Iterator
from typing import Any

import xarray as xr


def named(data: xr.Dataset | xr.DataTree) -> Iterator[tuple[str, Any]]:
    """Give each table a name: that of its part, and where variables differ in their dimensions, those.

    One table for a whole part would multiply dimensions that have nothing to do with each other.
    """
    for path, part in _parts(data):
        by_dims: dict[tuple[str, ...], list[str]] = {}
        for name, variable in part.data_vars.items():
            by_dims.setdefault(tuple(map(str, variable.dims)), []).append(str(name))
        for dims, names in by_dims.items():
            by = f"by-{'-'.join(dims)}" if dims else "numbers"
            words = [path, by] if len(by_dims) > 1 else [path or "data"]
            yield "-".join(word for word in words if word), _frame(part[names], dims)


def _parts(data: xr.Dataset | xr.DataTree) -> Iterator[tuple[str, xr.Dataset]]:
    if isinstance(data, xr.Dataset):
        yield "", data
        return
    for node in data.subtree:
        yield node.path.strip("/").replace("/", "-"), node.to_dataset()


def _frame(part: xr.Dataset, dims: tuple[str, ...]) -> Any:
    if not dims:
        return part.reset_coords(drop=True).to_array("name", "value").to_dataframe().reset_index()
    frame = part.to_dataframe(dim_order=list(dims)).reset_index()
    for name, variable in part.data_vars.items():
        if "flag_meanings" in variable.attrs:
            meanings = str(variable.attrs["flag_meanings"]).split()
            known = dict(zip(variable.attrs["flag_values"], meanings, strict=True))
            frame[name] = [known[value] for value in frame[name]]
    return frame


def write(data: xr.Dataset | xr.DataTree, folder: pathlib.Path) -> None:
    """Write each table as a CSV file of its name."""
    for name, frame in named(data):
        frame.to_csv(folder / f"{name}.csv", index=False)
