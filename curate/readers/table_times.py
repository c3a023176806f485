"""Times in the cells of tables: ISO, day or month first (decided once per file from all evidence), epochs."""

from __future__ import annotations

import polars as pl

_PATTERN = (
    r"^\s*(?:\p{L}+\.?,?\s+)?(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})"
    r"(?:(?:[T,]\s*|\s+(?:à\s+|at\s+)?)(\d{1,2})[:h](\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
    r"\s*([AaPp])?\.?(?:[Mm]\.?)?)?\s*(?:(Z|UTC|[+-]\d{2}:?\d{2}))?\s*$"
)
_FIELDS = ("one", "two", "three", "hour", "minute", "second", "fraction", "half", "zone")
ORDERS = ("ymd", "dmy", "mdy")
_EPOCH = r"^\s*\d{9,19}(?:[.,]\d+)?\s*$"


def decide_date_order(values: pl.Series, delimiter: str = "") -> str:
    """The order of day and month in a file: "dmy", "mdy", "" (no dates with the year last) or "?".

    Evidence, strongest first: a first number above 12 says day first and a second above 12 month first (both:
    "?"); else the order in which the file's times do not go back, if only one does; else a `;` between cells
    (spreadsheets of countries that write the day first). "?" means that it cannot be told: such times are
    left unread, in `extra`.

    >>> decide_date_order(pl.Series(["03/04/2024 10:00", "25/04/2024 09:00"]))
    'dmy'
    >>> decide_date_order(pl.Series(["03/04/2024"]))
    '?'
    """
    found = _split(values.cast(pl.String)).filter(pl.col("one").str.len_chars() <= 2)
    found = found.filter(pl.col("three").is_not_null())
    if not found.height:
        return ""
    day_first = (found["one"].cast(pl.UInt32) > 12).any()
    month_first = (found["two"].cast(pl.UInt32) > 12).any()
    if day_first != month_first:
        return "dmy" if day_first else "mdy"
    if day_first and month_first:
        return "?"
    steady = [order for order in ("dmy", "mdy") if _never_back(parse_times(values, order))]
    if len(steady) == 1 and found.height > 2:
        return steady[0]
    return "dmy" if delimiter == ";" else "?"


def _never_back(times: pl.Series) -> bool:
    read = times.drop_nulls()
    return bool(read.len() > 1 and read.is_sorted() and read.n_unique() > 1)


def _split(values: pl.Series) -> pl.DataFrame:
    groups = values.rename("cell").to_frame().select(pl.col("cell").str.extract_groups(_PATTERN))
    return groups.unnest("cell").rename(
        {str(place + 1): name for place, name in enumerate(_FIELDS)}, strict=False
    )


def parse_times(values: pl.Series, order: str = "") -> pl.Series:
    """Microseconds since 1970 in UTC (Int64) of each cell; null where a cell is empty or no certain time.

    A time without an offset is taken as UTC; a year of two digits lies in 1970 to 2069. Numbers are epochs
    in seconds, milliseconds, microseconds or nanoseconds by their size.

    >>> parse_times(pl.Series(["2024-05-01T10:00:00+02:00", "1714550400", "31/02/2024"]), "dmy").to_list()
    [1714550400000000, 1714550400000000, None]
    """
    if values.dtype == pl.Date or isinstance(values.dtype, pl.Datetime):
        return _typed(values)
    cells = values.cast(pl.String, strict=False).rename("cell")
    usual = _all_alike(cells, order)
    if usual is not None:
        return usual
    fields = _split(cells).with_columns(cells)
    year_first = pl.col("one").str.len_chars() == 4
    last = {"dmy": ("three", "two", "one"), "mdy": ("three", "one", "two")}.get(order)
    year, month, day = (
        pl.when(year_first).then(pl.col(first)).otherwise(pl.col(last[place]) if last else None)
        for place, first in enumerate(("one", "two", "three"))
    )
    whole_year = year.cast(pl.Int32, strict=False)
    century = pl.when(whole_year < 70).then(2000).when(whole_year < 100).then(1900).otherwise(0)
    hour = pl.col("hour").cast(pl.Int32).fill_null(0)
    half = pl.col("half").str.to_lowercase()
    clock = (
        pl.when(half.is_null()).then(hour).otherwise(hour % 12 + pl.when(half == "p").then(12).otherwise(0))
    )
    written = pl.concat_str(
        (whole_year + century).cast(pl.String).str.zfill(4),
        pl.lit("-"),
        month.str.zfill(2),
        pl.lit("-"),
        day.str.zfill(2),
        pl.lit(" "),
        clock.cast(pl.String).str.zfill(2),
        pl.lit(":"),
        pl.col("minute").fill_null("00"),
        pl.lit(":"),
        pl.col("second").fill_null("00"),
    )
    moment = written.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us").cast(pl.Int64)
    fraction = pl.col("fraction").str.pad_end(6, "0").str.head(6).cast(pl.Int64).fill_null(0)
    zone = pl.col("zone").str.replace_all(":", "")
    offset = zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + zone.str.slice(3, 2).cast(
        pl.Int64, strict=False
    )
    signed = pl.when(zone.str.starts_with("-")).then(-offset).otherwise(offset).fill_null(0)
    dated = moment + fraction - signed * 60_000_000
    return fields.select(pl.coalesce(dated, _epoch()).alias("time"))["time"]


def _all_alike(cells: pl.Series, order: str) -> pl.Series | None:
    """The times of a column whose cells all have the form of the first: the usual case, and fast."""
    filled = cells.replace("", None)
    first = next((cell for cell in filled.head(100) if cell), "")
    if len(first) != 19 or (filled.str.len_chars() != 19).any():
        return None
    between = "T" if first[10] == "T" else " "
    if first[4] == "-":
        form = f"%Y-%m-%d{between}%H:%M:%S"
    elif order in ("dmy", "mdy"):
        form = f"{'%d/%m' if order == 'dmy' else '%m/%d'}/%Y{between}%H:%M:%S"
    else:
        return None
    read = filled.str.to_datetime(form, strict=False, time_unit="us")
    return read.cast(pl.Int64) if read.null_count() == filled.null_count() else None


def _epoch() -> pl.Expr:
    """Numbers of at least nine digits as time since 1970; null for others and for times before March 1973."""
    cell = pl.col("cell").str.strip_chars().str.replace(",", ".", literal=True)
    number = pl.when(pl.col("cell").str.contains(_EPOCH)).then(cell)
    whole = number.str.extract(r"^(\d+)").cast(pl.Int64, strict=False)
    after = number.str.extract(r"\.(\d+)").str.pad_end(6, "0").str.head(6).cast(pl.Int64).fill_null(0)
    scaled = (
        pl.when(whole < 10**11)
        .then(whole * 10**6 + after)
        .when(whole < 10**14)
        .then(whole * 1000 + after // 1000)
        .when(whole < 10**17)
        .then(whole)
        .otherwise(whole // 1000)
    )
    return pl.when(scaled >= 10**14).then(scaled)


def _typed(values: pl.Series) -> pl.Series:
    frame = values.rename("cell").to_frame()
    if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone:
        frame = frame.with_columns(pl.col("cell").dt.convert_time_zone("UTC"))
    return frame.select(pl.col("cell").cast(pl.Datetime("us")).cast(pl.Int64))["cell"]
