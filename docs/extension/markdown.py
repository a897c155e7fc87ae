"""Pieces of Markdown."""


def code(text: str) -> str:
    """Code in a line or in a cell of a table."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}".replace("|", "\\|")


def table(head: str, *rows: tuple[str, ...]) -> list[str]:
    """The lines of a table; the columns of its head are separated by commas."""
    columns = head.split(", ")
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return ["", *lines, *(f"| {' | '.join(row)} |" for row in rows), ""]
