"""A checked program: every name resolved, every type known, every capture decided.

Made by `check`, read by `plan`. The syntax tree stays as it is; what was found out about its
nodes stands in `Facts`, keyed by node.
"""

from dataclasses import dataclass, field

from .. import ast
from .declarations import (
    Column,
    FunctionInfo,
    ParameterInfo,
    RelationInfo,
    ResourceInfo,
    Resources,
    StructInfo,
)
from .facts import Facts
from .jobs import Capture, CaptureKind, HookInfo, JobInfo
from .resolutions import (
    ChangeCall,
    ComputedUse,
    ErrorField,
    Extern,
    FunctionCall,
    KeyAccess,
    LambdaCall,
    LibraryCall,
    Local,
    RaiseCall,
    RecordCall,
    RecordColumn,
    RelationUse,
    Resolution,
    SelfColumn,
    ServiceCall,
    StructField,
)
from .services import CALL, MethodInfo, ServiceInfo, ServiceParameter

__all__ = [
    "CALL",
    "Capture",
    "CaptureKind",
    "ChangeCall",
    "Column",
    "ComputedUse",
    "ErrorField",
    "Extern",
    "Facts",
    "FunctionCall",
    "FunctionInfo",
    "HookInfo",
    "JobInfo",
    "KeyAccess",
    "LambdaCall",
    "LibraryCall",
    "Local",
    "MethodInfo",
    "ParameterInfo",
    "Program",
    "RaiseCall",
    "RecordCall",
    "RecordColumn",
    "RelationInfo",
    "RelationUse",
    "Resolution",
    "ResourceInfo",
    "Resources",
    "SelfColumn",
    "ServiceCall",
    "ServiceInfo",
    "ServiceParameter",
    "StructField",
    "StructInfo",
]


@dataclass
class Program:
    """Everything that `plan` needs; resources in the order of files and sources.

    `class_names` are the Python names of inline structs and enums.
    """

    resources: Resources
    structs: dict[str, StructInfo]
    services: dict[str, ServiceInfo]
    facts: Facts
    class_names: dict[ast.TypeExpr, str] = field(default_factory=dict)
