"""Shares in words: per cent, rounded so that few are not told as none, nor nearly all as all."""


def per_cent(share: float, unit: str = " %", digits: int = 1) -> str:
    """A share, 0 .. 1, as per cent with so many `digits` and the `unit` behind it.

    Only nothing is told as 0.0 % and only all as 100.0 %: between them stand <0.1 % and >99.9 %.
    """
    least = 10.0**-digits
    text = f"{100 * share:.{digits}f}"
    if share > 0 and float(text) == 0:
        text = f"<{least:.{digits}f}"
    elif share < 1 and float(text) == 100:
        text = f">{100 - least:.{digits}f}"
    return text + unit
