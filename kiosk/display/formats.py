"""Writes numbers, amounts and times as a language does.

Pure: the time zone and the present are passed in.
"""

from datetime import datetime, timedelta, tzinfo

from contracts.replica import Money
from kiosk.display.words import Format, Plural

_SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$", "JPY": "¥"}

_DECIMALS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Currencies (ISO 4217) whose minor unit is not a hundredth."""

MINUS = "\N{MINUS SIGN}"


def number(value: int, style: Format) -> str:
    """Write a whole number with the thousands apart: 1.240."""
    digits = f"{abs(value):,}".replace(",", style.thousands)
    return f"{MINUS}{digits}" if value < 0 else digits


def money(amount: Money, style: Format) -> str:
    """Write an amount with its currency: € 12,50."""
    places = _DECIMALS.get(amount.currency, 2)
    whole, rest = divmod(abs(amount.minor), 10**places)
    figure = number(whole, style) + (f"{style.decimal}{rest:0{places}d}" if places else "")
    symbol = _SYMBOLS.get(amount.currency, f"{amount.currency}\N{NO-BREAK SPACE}")
    written = style.money.format(currency=symbol, amount=figure).strip()
    return f"{MINUS}{written}" if amount.minor < 0 else written


def plural(count: int, forms: Plural, style: Format) -> str:
    """Choose the form for this many, with the number in place of ``{count}`` where it has one."""
    form = forms.one if abs(count) in style.singular else forms.many
    return form.format(count=number(count, style))


def last_day(expires: datetime, zone: tzinfo, style: Format) -> str:
    """Write the last day on which something is good that ends at ``expires``."""
    # Midnight is the end of the day before, so the last moment before the end is what counts.
    return date((expires - timedelta(microseconds=1)).astimezone(zone), style)


def moment(when: datetime, now: datetime, zone: tzinfo, style: Format) -> str:
    """Write a moment by its time, with the day before it when that is not today."""
    local = when.astimezone(zone)
    time = style.time.format(hour=local.hour, minute=local.minute)
    if local.date() == now.astimezone(zone).date():
        return time
    return f"{style.day.format(day=local.day, month=local.month)} {time}"


def date(local: datetime, style: Format) -> str:
    """Write the day of a local time."""
    return style.date.format(day=local.day, month=local.month, year=local.year)
