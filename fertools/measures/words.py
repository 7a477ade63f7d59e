"""Numbers in words: shares and p-values, rounded so that little is not told as nothing; and words
of strangers, so that they stay words.
"""

import html


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


def p_value(value: float, digits: int = 4) -> str:
    """A p-value, > 0 .. 1, with so many `digits`: one that would read 0 is told as <0.0001."""
    text = f"{value:.{digits}f}"
    return text if float(text) else f"<{10.0**-digits:.{digits}f}"


def markdown(text: str, marks: str = "\\`*[]|") -> str:
    """A text of a stranger as Markdown shows it: one line, no HTML, and none of the `marks` that
    would make a link, a picture, another cell or a heavier word of it.
    """
    line = html.escape(" ".join(str(text).split()), quote=False)
    return "".join(f"&#{ord(letter)};" if letter in marks else letter for letter in line)
