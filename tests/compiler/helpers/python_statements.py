"""Random Python statements like generated ones, each on one line in black's form."""

from collections.abc import Callable
from random import Random

NAMES = ("a", "order", "customer_name", "a_variable_with_a_long_name", "job", "address_country")
CONSTANTS = (
    "1", "2.5", "None", "True", '"text"', '"a longer text, (with brackets"', "\"it's\"",
    "'say \"so\"'", '"Grüße aus Köln"', 'f"{a}: {order.total:f} of {customer_name}"',
)  # fmt: skip
TYPES = (
    "str", "int", "dict[str, Any]", "Order", "str | None", "A | OrderSnapshot | C | None",
    'Literal["a", "b"]', "Mapping[str, list[OrderSnapshot]]",
)  # fmt: skip
COMPARISONS = ("==", "!=", "<", "in", "not in", "is", "is not")


class Statements:
    """Draws random statements."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def statement(self) -> str:
        """A statement. A decorator, or the head of a block, comes without what follows."""
        depth = self._random.randint(2, 5)
        kinds: tuple[Callable[[int], str], ...] = (
            lambda d: f"{self._name()} = {self._expression(d)}",
            lambda d: f"{self._name()}.{self._name()} = {self._expression(d)}",
            lambda d: f"{self._name()}: {self._choice(TYPES)} = {self._expression(d)}",
            lambda d: f"return {self._expression(d)}",
            lambda d: f"await {self._name()}.{self._name()}({self._arguments(d)})",
            lambda d: f"{self._name()}({self._arguments(d)})",
            lambda d: f"if {self._expression(d)}:",
            lambda d: f"elif {self._expression(d)}:",
            lambda d: f"while {self._expression(d)}:",
            lambda d: f"for {self._name()} in {self._either(d)}:",
            lambda d: f"raise {self._name()}({self._arguments(d)}) from error",
            lambda d: f"@{self._name()}({self._arguments(d)})",
            lambda d: f"from {self._name()} import {', '.join(sorted(NAMES[: d + 1]))}",
            self._definition,
        )
        return self._choice(kinds)(depth)

    def _choice(self, options):  # type: ignore[no-untyped-def]
        return self._random.choice(options)

    def _likely(self, chance: float) -> bool:
        return self._random.random() < chance

    def _name(self) -> str:
        return str(self._choice(NAMES))

    def _definition(self, depth: int) -> str:
        parameters = [
            f"{self._name()}{number}: {self._choice(TYPES)}{' = ...' * self._likely(0.2)}"
            for number in range(depth + 1)
        ]
        if self._likely(0.4):
            parameters.insert(self._random.randrange(1, depth + 1), self._choice(("/", "*")))
        head = self._choice(("def", "async def"))
        return f"{head} {self._name()}({', '.join(parameters)}) -> {self._choice(TYPES)}:"

    def _arguments(self, depth: int) -> str:
        arguments = [self._expression(depth - 1) for _ in range(self._random.randint(0, 4))]
        if self._likely(0.2):
            arguments.append(f"*{self._primary(depth - 1)}")
        for number in range(self._random.randint(0, 2)):
            arguments.append(f"{self._name()}_{number}={self._expression(depth - 1)}")
        if self._likely(0.1):
            arguments.append(f'**{{"from": {self._expression(depth - 1)}}}')
        return ", ".join(arguments)

    def _expression(self, depth: int) -> str:
        if depth > 0 and self._likely(0.2):
            condition, other = self._either(depth - 1), self._expression(depth - 1)
            return f"{self._either(depth - 1)} if {condition} else {other}"
        if depth > 0 and self._likely(0.1):
            return f"({self._either(depth - 1)}) * {self._primary(depth - 1)}"
        return self._either(depth)

    def _either(self, depth: int) -> str:
        if depth > 0 and self._likely(0.3):
            word = self._choice(("and", "or"))
            return f"{self._comparison(depth - 1)} {word} {self._comparison(depth - 1)}"
        return self._comparison(depth)

    def _comparison(self, depth: int) -> str:
        if depth > 0 and self._likely(0.3):
            return f"{self._sum(depth - 1)} {self._choice(COMPARISONS)} {self._sum(depth - 1)}"
        return f"{'not ' * self._likely(0.05)}{self._sum(depth)}"

    def _sum(self, depth: int) -> str:
        if depth <= 0 or self._likely(0.5):
            return self._primary(depth)
        left, right = self._primary(depth - 1), f"{'-' * self._likely(0.1)}{self._name()}"
        return f"{left} {self._choice(('+', '-', '*', '/', '%'))} {right}"

    def _primary(self, depth: int) -> str:
        if depth <= 0 or self._likely(0.3):
            return self._name() if self._likely(0.5) else str(self._choice(CONSTANTS))
        inner = depth - 1
        kinds: tuple[Callable[[], str], ...] = (
            lambda: f"{self._name()}.{self._name()}",
            lambda: f"{self._name()}({self._arguments(inner)})",
            lambda: f"{self._name()}({self._arguments(inner)}).{self._name()}()",
            lambda: f"{self._name()}[{self._expression(inner)}]",
            lambda: f"[{', '.join(self._expression(inner) for _ in range(depth))}]",
            lambda: f"({self._expression(inner)}, {self._expression(inner)})",
            lambda: f"({self._name()},)",
            lambda: f"({self._name()} := {self._expression(inner)})",
            lambda: f'{{"{self._name()}": {self._expression(inner)}, "b": {self._name()}}}',
            lambda: f"[{self._expression(inner)} for a in {self._sum(inner)} if {self._name()}]",
        )
        return self._choice(kinds)()
