"""The shared values of Kubernetes as JSON Schema: names, labels, quantities, ports, durations, and object metadata.

Every pattern stays inside what RE2 (kubeconform), Rust's `regex` (jsonschema-rs) and Python's `re` (jsonschema) read
alike: no look-around, no `\\d` or `\\w` (Unicode in Python). Python's `$` also matches before a last newline, so a
node with `$` gets `not: {type: string, pattern: "\\n"}` beside it (`guard`), which all three refuse.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

NEWLINE: Schema = {"type": "string", "pattern": "\\n"}
_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_SUBDOMAIN = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_QUALIFIED = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_GO_DURATION = "(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|ms|s|m|h))+"
_TEMPLATED = "\\{\\{.*\\}\\}"


def guard(schema: Schema) -> Schema:
    """The node with its pattern made to refuse a last newline for every reader."""
    return {**schema, "not": NEWLINE} if schema.get("pattern", "").find("$") >= 0 else schema


def text(pattern: str, **more: int) -> Schema:
    """A string that matches `pattern`, read alike by RE2, Rust and Python."""
    return guard({"type": "string", "pattern": pattern, **more})


def ref(name: str) -> Schema:
    """A reference to a definition of the same file."""
    return {"$ref": f"#/definitions/{name}"}


def whole(minimum: int, maximum: int | None = None) -> Schema:
    """An integer within bounds."""
    bounds = {"minimum": minimum} if maximum is None else {"minimum": minimum, "maximum": maximum}
    return {"type": "integer", **bounds}


def one_of(*values: str) -> Schema:
    """A string out of a closed list."""
    return {"type": "string", "enum": list(values)}


_PORT_NAME = "^([0-9]+-)*[0-9]*[a-z][a-z0-9]*(-[a-z0-9]+)*$"
_QUANTITY = "^\\+?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$"
_RFC3339 = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"
_INT_OR_TEXT: Schema = {"type": ["integer", "string"]}

# Definitions that every set shares. A document keeps those that it uses.
DEFINITIONS: dict[str, Schema] = {
    "Annotations": {"type": "object", "propertyNames": ref("LabelKey"), "additionalProperties": {"type": "string"}},
    "Base64": {"type": "string", "not": {"pattern": "[^A-Za-z0-9+/=\\r\\n]"}},  # Go's decoder skips line ends
    "BackoffDuration": text(f"^([0-9]+|{_GO_DURATION})$"),  # Argo CD: seconds, or Go's notation
    "ConfigKey": text("^[-._a-zA-Z0-9]+$", maxLength=253),
    "DNS1035Label": text("^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$", maxLength=63),
    "DNSLabel": text(f"^{_LABEL}$", maxLength=63),
    "DNSSubdomain": text(f"^{_SUBDOMAIN}$", maxLength=253),
    "Duration": text(f"^(0|{_GO_DURATION})$"),  # time.ParseDuration, without a sign
    "DurationOrArgument": text(f"^(0|{_GO_DURATION}|.*{_TEMPLATED}.*)$"),
    "DurationOrSeconds": guard({**_INT_OR_TEXT, "minimum": 0, "pattern": f"^([0-9]+|{_GO_DURATION})$"}),
    # RelaxedEnvironmentVariableValidation, stable in 1.34: printable ASCII but `=`
    "EnvName": text("^[ -<>-~]+$"),
    "IntOrArgument": guard({**_INT_OR_TEXT, "pattern": f"^(-?[0-9]+|.*{_TEMPLATED}.*)$"}),
    "IntOrPercent": guard({**_INT_OR_TEXT, "minimum": 0, "pattern": "^[0-9]+%$"}),
    "IntOrString": _INT_OR_TEXT,
    "LabelKey": text(f"^({_SUBDOMAIN}/)?{_QUALIFIED}$", maxLength=317),
    "LabelValue": text(f"^({_QUALIFIED})?$", maxLength=63),
    "Labels": {"type": "object", "propertyNames": ref("LabelKey"), "additionalProperties": ref("LabelValue")},
    # Empty text is the same as no field; a storage class of no name asks for a volume without one.
    "OptionalLabel": text(f"^({_LABEL})?$", maxLength=63),
    "OptionalLabelKey": text(f"^(({_SUBDOMAIN}/)?{_QUALIFIED})?$", maxLength=317),
    "OptionalSubdomain": text(f"^({_SUBDOMAIN})?$", maxLength=253),
    "Port": whole(1, 65535),
    "PortName": text(_PORT_NAME, maxLength=15),
    "PortOrName": guard({**_INT_OR_TEXT, "minimum": 1, "maximum": 65535, "pattern": _PORT_NAME, "maxLength": 15}),
    # resource.ParseQuantity, without a minus: no field that a manifest sets takes a negative amount
    "Quantity": guard({"type": ["string", "number"], "minimum": 0, "pattern": _QUANTITY}),
    # ValidateRBACName: a segment of a path
    "RBACName": text("^([^/%.][^/%]*|\\.[^/%.][^/%]*|\\.\\.[^/%]+)$"),
    "Time": text(_RFC3339),
}

LABEL = ref("DNSLabel")
LABEL_KEY = ref("LabelKey")
SUBDOMAIN = ref("DNSSubdomain")


def closed(properties: dict[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    """An object with these properties and no others."""
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


# What a manifest may say about itself; the other fields of ObjectMeta belong to the API server.
METADATA_FIELDS: dict[str, Schema] = {
    "annotations": ref("Annotations"),
    "finalizers": {"type": "array", "items": LABEL_KEY, "x-kubernetes-list-type": "set"},
    "generateName": {"type": "string"},
    "labels": ref("Labels"),
    "name": SUBDOMAIN,
    "namespace": LABEL,
}
DEFINITIONS["ObjectMeta"] = closed(METADATA_FIELDS)
DEFINITIONS["PodTemplateMetadata"] = closed({key: METADATA_FIELDS[key] for key in ("annotations", "labels")})
