"""Projects of realistic specs, of any size: about five manifests and four kilobytes of output an app."""

from __future__ import annotations

from pathlib import Path

ENVS = ("production", "staging", "dev")

PROJECT = """\
apiVersion: rollspec/v1
kind: Project
metadata:
  name: fleet
spec:
  renderLevel: 1
"""

OVERLAY = """\
apiVersion: rollspec/v1
kind: Overlay
metadata:
  name: {env}
spec:
  namespace: {env}
  labels: {{environment: {env}}}
  defaults:
    replicas: {replicas}
    disruptionBudget: {{maxUnavailable: 1}}
  patches:
    - target: {{kind: Workload}}
      patch:
        metadata:
          annotations: {{example.com/runbook: "https://runbooks.example.com/{env}"}}
"""

APP = """\
# What the service is, in every environment.
apiVersion: rollspec/v1
kind: App
metadata:
  name: {name}
  labels: {{team: team-{team}}}
spec:
  image: registry.example.com/team-{team}/{name}
  tag: 1.{minor}.0
  version: v1
  ports:
    - {{name: http, port: 80, targetPort: 8080}}
    - {{name: http-metrics, port: 9090}}
  env:
    LOG_LEVEL: info
    PORT: 8080
    DATABASE_URL: postgres://db.team-{team}.example.com:5432/{name}
    DB_PASSWORD: {{secretKeyRef: {{name: {name}-db, key: password}}}}
  resources:
    requests: {{cpu: 100m, memory: 128Mi}}
    limits: {{memory: 256Mi}}
  readinessProbe:
    httpGet: {{path: /ready, port: http}}
    periodSeconds: 5
  livenessProbe:
    httpGet: {{path: /health, port: http}}
    initialDelaySeconds: 10
  volumeMounts:
    - {{name: tmp, mountPath: /tmp}}
  pod:
    terminationGracePeriodSeconds: 45
    volumes:
      - {{name: tmp, emptyDir: {{}}}}
  serviceAccount: {{}}
"""

STRATEGIES = (
    """\
  strategy: {type: Canary, router: istio, maxSurge: 25%, maxUnavailable: 0}
  istio: {hosts: [NAME.example.com], gateways: [istio-system/public]}
""",
    """\
  strategy: {type: RollingUpdate, maxSurge: 25%, maxUnavailable: 0}
  replicas: null
  autoscaling: {minReplicas: 2, maxReplicas: 10, cpu: 70}
""",
    """\
  strategy: {type: BlueGreen, scaleDownDelaySeconds: 120}
""",
    """\
  strategy: {type: Canary, router: istio}
  istio: {http: {timeout: 10s, retries: {attempts: 2, perTryTimeout: 3s}}}
""",
)

PARTIAL = """\
apiVersion: rollspec/v1
kind: App
metadata:
  name: {name}
spec:
{spec}"""

RELEASES = (
    "  canary: {tag: 1.99.0, version: v2, weight: 20}  # half of the readers of this see it first\n",
    "  env: {LOG_LEVEL: warn}\n",
    "  preview: {tag: 1.99.0, version: v2}\n",
    "  tag: 1.98.0\n",
)


def name_of(number: int) -> str:
    """The app's name."""
    return f"app-{number:05}"


def files(apps: int, envs: int) -> dict[str, str]:
    """The text of every file of a project; the same for the same numbers."""
    found = {"rollspec.yaml": PROJECT}
    for index, env in enumerate(ENVS[:envs]):
        found[f"overlays/{env}/overlay.yaml"] = OVERLAY.format(env=env, replicas=4 - index)
    for number in range(apps):
        name, kind = name_of(number), number % 4
        text = APP.format(name=name, team=number % 40, minor=number % 60)
        found[f"apps/{name}.yaml"] = text + STRATEGIES[kind].replace("NAME", name)
        if number // 4 % 3 == 0:  # a third of the apps has something of its own in the first environment
            partial = PARTIAL.format(name=name, spec=RELEASES[kind])
            found[f"overlays/{ENVS[0]}/apps/{name}.yaml"] = partial
    return found


def generate(folder: Path, apps: int, envs: int) -> Path:
    """Writes the project; the folder must not be there yet."""
    folder.mkdir(parents=True)
    made: set[Path] = set()
    for name, text in files(apps, envs).items():
        path = folder / name
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        path.write_text(text)
    return folder
