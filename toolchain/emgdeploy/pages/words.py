"""Numbers as people read them."""

from __future__ import annotations

from emgdeploy.pages.blocks import Figure, Text


def count(value: int | None, of: str, unit: str = "") -> Text:
    """With thousands parted; "-" for None."""
    return "-" if value is None else Figure(f"{value:,}{unit and ' ' + unit}", value, of)


def percent(value: float | None, of: str, digits: int = 2) -> Text:
    """A share of 1 in percent."""
    return "-" if value is None else Figure(f"{100 * value:.{digits}f} %", value, of)


def duration(micro: float | None, of: str) -> Text:
    """Microseconds in the unit that reads best."""
    return "-" if micro is None else Figure(human_time(micro), micro, of)


def human_time(micro: float) -> str:
    """Microseconds in the unit that reads best, with three digits."""
    factor, unit = time_unit(micro)
    return f"{micro * factor:.3g} {unit}" if micro * factor < 1000 else f"{micro * factor:,.0f} {unit}"


def time_unit(micro: float) -> tuple[float, str]:
    """What microseconds of about that size are to be multiplied by, and what they are then."""
    if micro >= 1e6:
        return 1e-6, "s"
    return (1e-3, "ms") if micro >= 1e3 else (1.0, "µs")
