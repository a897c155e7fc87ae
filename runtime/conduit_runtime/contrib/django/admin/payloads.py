"""A payload as the admin shows it."""

import json
import typing
from typing import Any

from ....model.text.masking import MASK
from ....payloads.sensitive import is_sensitive
from .. import discovery


def shown(type: str, payload: Any) -> str:
    """The payload as JSON text; values that the configuration calls sensitive are masked."""
    if isinstance(payload, dict):
        hidden = _sensitive_fields(type)
        payload = {key: MASK if key in hidden else value for key, value in payload.items()}
    return json.dumps(payload, indent=2, ensure_ascii=False)


def _sensitive_fields(type: str) -> set[str]:
    for job_type in discovery.job_types():
        if type in (job_type.name, *job_type.was):
            hints = typing.get_type_hints(job_type.payload, include_extras=True)
            return {name for name, hint in hints.items() if is_sensitive(hint)}
    return set()
