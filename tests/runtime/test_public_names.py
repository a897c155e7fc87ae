import importlib.util
from types import ModuleType

import conduit_runtime
import pytest


@pytest.mark.parametrize("name", conduit_runtime.__all__)
def test_a_public_name_is_no_module(name: str) -> None:
    """Importing a module of that name would put the module in the name's place."""
    assert importlib.util.find_spec(f"conduit_runtime.{name}") is None
    assert not isinstance(getattr(conduit_runtime, name), ModuleType)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = conduit_runtime.nothing
