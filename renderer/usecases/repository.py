"""Compares the project's repository in Git with what the project file says about it for Argo CD."""

from __future__ import annotations

import os
import re

from renderer.git import GitError, remotes, top_folder
from renderer.layout import PROJECT_FILE
from renderer.lazy import regex
from renderer.pipeline.positions import Locator
from renderer.problem import Problem
from renderer.project import ArgoCD
from renderer.usecases.other_projects import same_names
from renderer.usecases.project import Opened

_SCHEME = regex(r"^[a-z+]+://([^/@]*@)?")
_USER = regex(r"^[^/@]*@([^/:]+):")  # git@host:path


def repository_problems(opened: Opened, argocd: ArgoCD) -> list[Problem]:
    """A wrong `repository.path` or a URL that no remote has, if the project makes objects for Argo CD."""
    found = [*_of_address(opened, argocd), *_of_others(opened)]
    return [*Locator(opened.setup.texts).locate(found)]


def _of_others(opened: Opened) -> list[Problem]:
    """Environments whose Applications another project of the repository also names so."""
    try:
        found = [*same_names(opened, subfolder(opened.root))]
    except GitError:
        return []
    file = {each.env: opened.setup.environments[each.env].chain[0].file for each in found}
    return [Problem(file[each.env], 0, 0, "application-name", each.message, "", "warning") for each in found]


def _of_address(opened: Opened, argocd: ArgoCD) -> list[Problem]:
    try:
        folder, urls = subfolder(opened.root), remotes(opened.root)
    except GitError:  # no repository or no git: nothing to compare with
        return []
    if urls and address(argocd.url) not in map(address, urls):
        known = ", ".join(sorted(map(without_password, urls)))
        message = f"no remote of this repository has this URL (there is {known}): is it what Argo CD reads?"
        return [Problem(PROJECT_FILE, 0, 0, "repository", message, "/spec/repository/url", "note")]
    if folder == argocd.path:
        return []
    here = f"in the folder {folder}/ of the repository" if folder else "at the top of the repository"
    cure = f"write `path: {folder}`" if folder else "remove `path`"
    message = f"the project is {here}, and Argo CD would look for its files in {argocd.path or 'the top'}: {cure}"
    pointer = "/spec/repository/path" if argocd.path else "/spec/repository"
    return [Problem(PROJECT_FILE, 0, 0, "repository", message, pointer, "warning")]


def subfolder(root: str) -> str:
    """The folder of the project inside its repository; empty at the top. Raises GitError."""
    inside = os.path.relpath(os.path.realpath(root), os.path.realpath(top_folder(root)))
    return "" if inside == os.curdir else inside.replace(os.sep, "/")


def address(url: str) -> str:
    """Host and path of a remote, equal for its forms: `https://host/a/b.git`, `git@host:a/b`, `ssh://git@host/a/b`."""
    text = _USER.sub(r"\1/", url) if "://" not in url else _SCHEME.sub("", url)
    host, _, path = text.rstrip("/").removesuffix(".git").partition("/")
    return f"{host.partition(':')[0].lower()}/{path.strip('/')}"


def without_password(url: str) -> str:
    """A URL as it may be printed or committed."""
    return re.sub(r"(?<=://)[^/@]*@", "", url)
