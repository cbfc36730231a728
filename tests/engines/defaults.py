"""The table of defaults of `import` before the real API server: what it fills in is what the table leaves out."""

from __future__ import annotations

import json
import sys

from renderer.importing.proof import FieldDifference, differences
from renderer.importing.source import Source, SourceObject, read_source

from . import api
from .lab import Lab, create_namespace, write_files
from .lock import ROLLOUTS
from .sandbox import RUN
from .scenario import ROOT

# The kinds that the table is about and the API server has defaults for; those of a Rollout are its controller's.
_PATHS = {
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "Service": "/api/v1/namespaces/{}/services",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
    "HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
}
_NAMESPACE = "defaults"


def ask() -> int:
    """Create every such object of fixtures/import without keeping it, and compare; the number that differ."""
    write_files()
    lab = Lab(ROLLOUTS[0], RUN / "logs-defaults")
    lab.start_etcd()
    lab.start_api_server()
    create_namespace(_NAMESPACE)
    asked = [each for each in _sources() if each.kind in _PATHS]
    wrong = [line for each in asked for line in _differences(each)]
    for line in wrong:
        print(line)
    print(f"{len(asked)} objects asked, {len(wrong)} differences", file=sys.stderr)
    lab.stop()
    return int(bool(wrong) or not asked)


def _sources() -> list[SourceObject]:
    files = sorted((ROOT / "fixtures/import").glob("*/source*/**/*.yaml"))
    return [each for file in files for each in read_source([(str(file.relative_to(ROOT)), file.read_bytes())]).objects]


def _differences(each: SourceObject) -> list[str]:
    metadata = {key: value for key, value in each.data["metadata"].items() if key != "namespace"}
    kind = _PATHS[each.kind].format(_NAMESPACE)
    if each.data["apiVersion"] == "autoscaling/v1":
        return []  # the server answers in the version that it is asked in, and the table is about the second
    try:
        answer = api.call("POST", f"{kind}?dryRun=All", {**each.data, "metadata": metadata})
    except api.ApiError as error:
        return [f"{each.file}: {each}: refused: {error}"]
    completed: Source = read_source([("the answer", json.dumps({**answer, **_type(each)}).encode())])
    source = {**each.data, "metadata": {**metadata, "namespace": _NAMESPACE}}
    found = [one for one in differences(source, completed.objects[0].data) if not _is_of_the_server(one)]
    return [f"{each.file}: {each}: {one.pointer}: {one.old!r} becomes {one.new!r}" for one in found]


def _is_of_the_server(one: FieldDifference) -> bool:
    """Whether it is a port that the server picked, or its spelling of a quantity, such as `1` for `1000m`."""
    return one.path[-1] == "nodePort" or ("resources" in one.path and one.old is not None and one.new is not None)


def _type(each: SourceObject) -> dict[str, str]:
    return {key: str(each.data[key]) for key in ("apiVersion", "kind")}
