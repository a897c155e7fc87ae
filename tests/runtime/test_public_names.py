import importlib.util
from types import ModuleType

import conduit_runtime
import pytest


@pytest.mark.parametrize("name", conduit_runtime.__all__)
def test_a_public_name_is_no_module(name: str) -> None:
    """An import of a module of this name would replace the public name by the module."""
    assert importlib.util.find_spec(f"conduit_runtime.{name}") is None
    assert not isinstance(getattr(conduit_runtime, name), ModuleType)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = conduit_runtime.nothing
