"""The imports of a generated module; they avoid the source's own names."""

import builtins
from collections.abc import Iterable

from ..names import unclashed

_RUNTIME = "conduit_runtime"


class Imports:
    """Collects the names that a module uses.

    `taken` are the names that the module defines. `records` are the names of the package's rows,
    which other imports avoid too.
    """

    def __init__(self, taken: Iterable[str] = (), records: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self.records = frozenset(records)
        self._bound: set[str] = set()
        self._modules: set[str] = set()
        self._names: dict[tuple[str, str], str] = {}

    def use(self, module: str, name: str) -> str:
        """Return how to write `name` of `module` here, and import it if necessary."""
        if module == "builtins" and name not in self._taken | self.records:
            return name
        if (module, name) not in self._names:
            taken = self._taken if module.startswith(".") else self._taken | self.records
            alias = name
            while alias in taken or (alias != name and hasattr(builtins, alias)):
                alias += "_"
            self._taken.add(alias)
            self._bound.add(alias)
            self._names[module, name] = alias
        return self._names[module, name]

    def module(self, name: str) -> str:
        """Return how to write a module of the standard library, such as `re`."""
        alias = unclashed(name, self._taken)
        self._bound.add(alias)
        self._modules.add(name if alias == name else f"{name} as {alias}")
        return alias

    def runtime(self, name: str) -> str:
        """Return how to write a public name of the runtime."""
        return self.use(_RUNTIME, name)

    def operator(self, name: str) -> str:
        """Return how to write a function of the runtime's operators."""
        return self.use(f"{_RUNTIME}.operators", name)

    def namespace(self, name: str) -> str:
        """Return how to write a namespace of the standard library."""
        return self.use(f"{_RUNTIME}.stdlib", name)

    def binds(self, name: str) -> bool:
        """Whether an import has this name in the module."""
        return name in self._bound

    def avoid(self, name: str) -> None:
        """Avoid a further name, which a function of the module uses."""
        self._taken.add(name)

    def names(self) -> list[tuple[str, str]]:
        """Return the used names, each as module and name."""
        return [*self._names]

    def used(self, module: str) -> set[str]:
        """Return the names that were used of a module."""
        return {name for each, name in self._names if each == module}

    def groups(self) -> list[list[str]]:
        """Return the import statements: standard library, runtime, this package."""
        modules: dict[str, list[tuple[str, str]]] = {}
        for (module, name), alias in self._names.items():
            modules.setdefault(module, []).append((name, alias))
        standard = [f"import {name}" for name in sorted(self._modules)]
        runtime: list[str] = []
        own: list[str] = []
        for module in sorted(modules, key=lambda module: (module == ".", module)):
            is_runtime = module.startswith(_RUNTIME)
            group = own if module.startswith(".") else runtime if is_runtime else standard
            group += _statements(module, modules[module])
        return [group for group in (standard, runtime, own) if group]


def _statements(module: str, names: list[tuple[str, str]]) -> list[str]:
    """Return one statement for the plain names and one for each alias, by the first name."""
    plain = sorted((name for name, alias in names if name == alias), key=_name_order)
    found = [(plain[0], f"from {module} import {', '.join(plain)}")] if plain else []
    found += [
        (name, f"from {module} import {name} as {alias}") for name, alias in names if name != alias
    ]
    return [text for _, text in sorted(found, key=lambda each: _name_order(each[0]))]


def _name_order(name: str) -> tuple[int, str, str]:
    """Sort constants, then classes, then the rest, as import sorters do."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name.lower(), name
