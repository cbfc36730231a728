"""A project's own templates: each adds a manifest to every app, or replaces the one of its file name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from traceback import walk_tb

from jinja2 import TemplateSyntaxError

from renderer.lazy import regex
from renderer.manifest import Manifest
from renderer.plain import mapping
from renderer.problem import Problem
from renderer.render.sandbox import NotForTemplatesError, render_text
from renderer.spec import App
from renderer.yamlio import load

_CODE = "<template>"  # the file name that Jinja gives to the code of a text
_UNSET = regex(r"'dict object' has no attribute '([^']*)'")
_UNKNOWN = regex(r"'([^']*)' is undefined")
_GIVEN = "they have `app`, `spec` and `manifests`"
_ADDRESS = regex(" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True)
class Template:
    """A file `templates/<name>.yaml.j2`; `<name>.yaml` is the manifest's file."""

    file: str
    text: str

    @property
    def target(self) -> str:
        """The manifest's file name."""
        return self.file.rpartition("/")[2].removesuffix(".j2")


def with_templates(
    app: App, manifests: tuple[Manifest, ...], templates: tuple[Template, ...]
) -> tuple[tuple[Manifest, ...], list[Problem]]:
    """The manifests with those of the templates; a template that renders nothing removes its manifest."""
    found = {manifest.file: manifest for manifest in manifests}
    problems: list[Problem] = []
    context = _context(app, manifests)
    for template in templates:
        made = _render(template, context, f"{app.name} in {app.env}")
        if isinstance(made, Problem):
            problems.append(made)
        elif made is None:
            found.pop(template.target, None)
        else:
            found[template.target] = made
    return tuple(found[file] for file in sorted(found)), problems


def _context(app: App, manifests: tuple[Manifest, ...]) -> dict[str, object]:
    """What a template sees: `app` (name, env, namespace, host, labels), `spec` (effective), `manifests` by file."""
    about = {
        "name": app.name,
        "env": app.env,
        "namespace": app.namespace,
        "host": app.host,
        "labels": dict(app.labels),
        "selector": app.selector,
        "version": app.running.version,
    }
    return {"app": about, "spec": app.spec, "manifests": {manifest.file: manifest.data for manifest in manifests}}


def _render(template: Template, context: Mapping[str, object], whose: str) -> Manifest | Problem | None:
    try:
        text = render_text(template.text, dict(context)).encode()
    except TemplateSyntaxError as error:
        return Problem(template.file, error.lineno, 1, "template", error.message or "not a template")
    except NotForTemplatesError as error:
        return Problem(template.file, error.line, 1, "template", str(error))
    except Exception as error:  # any error of an expression that does not fit its values
        said = _ADDRESS.sub("", error.msg if isinstance(error, SyntaxError) else str(error))
        number = _line(error)
        lines = template.text.split("\n")[number - 1 : number]
        message = (
            f"{_explained(said, ''.join(lines), mapping(context['app'])) or type(error).__name__} (as for {whose})"
        )
        return Problem(template.file, number, 1, "template", message)
    if not text.strip():
        return None
    data, problems = load(text, template.file)
    if problems or not isinstance(data, dict):
        what = problems[0].message if problems else "a mapping is expected"
        line = f"line {problems[0].line}: " if problems and problems[0].line else ""
        message = f"what it renders is not a manifest: {line}{what} (as for {whose})"
        return Problem(template.file, 0, 0, "template", message)
    return Manifest(template.target, data)


def _explained(message: str, line: str, about: Mapping[str, object]) -> str:
    """Jinja's message about a name that is not set, and what to write instead in this line of the template.

    `about` is what `app` has.
    """
    found = _UNSET.fullmatch(message)
    if found and re.search(rf"(?<![\w.])app\.{re.escape(found[1])}\b", line):
        from renderer.schema.fields import near  # only a mistake needs it

        alike = near(found[1], about)
        what = f"did you mean `app.{alike}`?" if alike else f"it has {', '.join(about)}"
        return f"`app` has no `{found[1]}`; {what}"
    if found:
        return f"`{found[1]}` is not set here: give it a default, {_default(found[1], line)}"
    if found := _UNKNOWN.fullmatch(message):
        return f"`{found[1]}` is not defined in templates: {_GIVEN}"
    return message


def _default(name: str, line: str) -> str:
    """The expression with a default of the type that the line needs: a mapping, a list or text."""
    used = re.search(rf"([\w.]{{1,99}})\.{re.escape(name)}\b\s*(\.|\[)?", line)
    path, after = (f"{used[1]}.{name}", used[2]) if used else (f"spec.{name}", "[")
    if after == ".":
        return f"`({path} | default({{}}))`"
    if after == "[":
        return f"`({path} | default([]))`"
    return f"`{path} | default([])`" if re.search(r"\{%-?\s*for\b", line) else f"`{path} | default('')`"


def _line(error: BaseException) -> int:
    """The line of the template that was running, which Jinja writes into the traceback; the first if there is none."""
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == _CODE]
    return lines[-1] if lines else 1
