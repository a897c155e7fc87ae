"""Comments, and the doc comments among them."""

from .state import State


def comment(state: State, text: str, start: int) -> int:
    """Read a `//`, `#`, `###` or `///` comment."""
    end = start + len(text)
    if text.startswith("###") and not text.startswith("####"):
        close = state.text.find("###", start + 3)
        if close >= 0:
            state.first = state.first or "\n" in state.text[start:close]
            return close + 3
        state.error(
            "SYN010", start, start + 3, "the file ends before this `###` comment is closed",
            "close it with `###`",
        )  # fmt: skip
    elif text.startswith("///") and not text.startswith("////") and state.first:
        if state.text.count("\n", state.doc_end, start) != 1:
            state.doc.clear()
        state.doc.append(text[3:].removeprefix(" ").rstrip())
        state.doc_end = end
    return end


def foreign_comment(state: State, start: int, end: int) -> int:
    """Read `/* … */`, which cannot be a regex or a division."""
    state.first = state.first or "\n" in state.text[start:end]
    shown = min(end, state.source.line_end(start))
    state.error(
        "SYN001", start, shown, "Conduit has no `/* … */` comments",
        "write `// …`, or `###` … `###` over several lines",
    )  # fmt: skip
    return end
