"""How a run is laid out on the devices there are: rows of a micro-batch, parts of weights, recomputation."""

from __future__ import annotations

from train import forecast, pack
from train.config import Config, changed
from train.errors import ConfigError
from train.prepare import Prepared


def forecasted(prepared: Prepared, world: int = 1) -> tuple[int, forecast.Forecast, bool]:
    """Rows of a micro-batch, the forecast for them, and whether activations are recomputed; ConfigError where
    nothing fits. Recomputing costs a third more work: `auto` does so only if a single row does not fit."""
    wanted = prepared.config.run.checkpointing
    count = shards(prepared, world)
    if wanted != "auto":
        return *sized(prepared, prepared.config, count, world), wanted == "on"
    try:
        return *sized(prepared, prepared.config, count, world), False
    except ConfigError:
        try:
            return *sized(prepared, changed(prepared.config, "run", checkpointing="on"), count, world), True
        except ConfigError:
            pass
        raise


def sized(
    prepared: Prepared, config: Config, shards: int = 1, world: int = 1
) -> tuple[int, forecast.Forecast]:
    """The most rows that fit, or as many as asked, with their forecast; ConfigError where they do not fit.

    On a GPU micro-batches are filled up to one shape: somewhat fewer rows if that leaves less to fill up.
    """
    device, length = prepared.device, prepared.row_length

    def told(rows: int) -> forecast.Forecast:
        return forecast.forecast(
            config,
            prepared.architecture,
            slots=prepared.slots,
            batch_tokens=rows * length,
            device=device,
            length=prepared.mean_length,
            shards=shards,
        )

    if config.run.rows:
        found = told(config.run.rows)
        forecast.check(config, found, prepared.architecture, device, config.run.rows * length)
        return config.run.rows, found
    most = max(len(step) for step in prepared.plan)
    rows = max(1, (8192 if device == "cpu" else 65536) // length)
    rows = min(rows, 1 << (most - 1).bit_length())
    while rows > 1 and not told(rows).fits:
        rows //= 2
    if device != "cpu":
        rows = pack.even_rows(prepared.plan, rows, world)
    found = told(rows)
    forecast.check(config, found, prepared.architecture, device, rows * length)
    return rows, found


def shards(prepared: Prepared, world: int) -> int:
    """Parts that the weights lie in: one, or as many as there are processes where that is asked for, or where
    the model fits in no other way."""
    wanted = prepared.config.run.shard
    if world == 1 or wanted == "off" or prepared.config.lora.rank:
        return 1
    if wanted == "on":
        return world
    try:
        sized(prepared, changed(prepared.config, "run", checkpointing="on"))
    except ConfigError:
        return world
    return 1
