"""What is masked, and what is not: by kind, by look, by name; in data, in files, in messages."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer import masking
from renderer.manifest import Manifest
from renderer.masking import MASK, is_named, looks_secret, masked, masked_lines, scrubbed, without_known
from renderer.plan.changes import manifest_paths
from renderer.report.masked_file import masked_file

WORD = "kanarienvogel7"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"
INNOCENT = [
    "MAX_TOKENS", "TOKEN_URL", "TLS_KEY_FILE", "PARTITION_KEY", "KEYCLOAK_URL", "SECRET_NAME", "PASSWORD_FILE",
    "TOKENIZER", "API_KEY_HEADER", "ACCESS_KEY_ID_PATH", "PUBLIC_KEY", "PRIMARY_KEY", "SORT_KEY", "CACHE_KEY",
    "KEYSPACE", "KEYBOARD", "MONKEY", "SECRETARIAT", "PASSWORDLESS", "TOKENS_PER_SECOND", "DSN_TYPE",
    "CREDENTIALS_MODE", "SECRET_PROVIDER", "PASSWORD_POLICY", "AUTH_TYPE", "SESSION_KEY_PREFIX", "ROUTING_KEY",
    "TOKEN_TTL", "PASSWD_CHECK", "SECRETS_DIR",
]  # fmt: skip
GUILTY = [
    "PASSWORD", "DB_PASSWORD", "dbPassword", "db-password", "spring.datasource.password", "MYSQL_PASSWD",
    "CLIENT_SECRET", "clientSecret", "GITHUB_TOKEN", "API_KEY", "apiKey", "APIKEY", "PRIVATE_KEY",
    "AWS_SECRET_ACCESS_KEY", "credentials", "SENTRY_DSN",
]  # fmt: skip
KNOWN = [
    JWT,
    "ghp_" + "a1" * 18,
    "glpat-" + "a1" * 10,
    "AKIA" + "A1" * 8,
    "xoxb-123456789012-abcdef",
    "sk_live_" + "a1" * 10,
    "https://user:hunter22@example.com/x",
    "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
    "AGE-SECRET-KEY-1" + "QW" * 20,
    *(
        prefix + "a1" * 24
        for prefix in ("glrt-", "hf_", "dckr_oat_", "whsec_", "hvb.", "pscale_pw_", "NRAK-", "CCIPAT_")
    ),
    *(prefix + "a1" * 24 for prefix in ("GOCSPX-", "rnd_", "tskey-auth-", "sb_secret_", "glc_", "lin_api_", "figd_")),
    *(f"{prefix}{'a1' * 16}" for prefix in ("shpat_", "dapi", "key-", "SK")),
    "do" + "p_v1_" + "a1" * 32,
    "12345678:AA" + "a1b" * 11,
    "https://hooks.slack.com/workflows/T1/A2/3/" + "a1" * 10,
    "https://discord.com/api/webhooks/1234567890/" + "a1" * 20,
    "AccountKey=" + "a1" * 20 + "==",
    "https://example.blob.core.windows.net/c?sv=2022&sig=" + "a1" * 20,
    "Authorization: token " + "a1" * 10,
    "shop:hunter22@tcp(db.example.com:3306)/shop",
    "postgres://shop:hunt@er22@db.example.com/shop",
    "admin:$2y$10$" + "a1" * 26,
    "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nabc\n---- END SSH2 ENCRYPTED PRIVATE KEY ----",
]


@pytest.mark.parametrize("name", GUILTY)
def test_names_of_secrets(name: str) -> None:
    assert is_named(name)
    assert masked({name: WORD}) == {name: MASK}
    assert masked({name: WORD}, "", [name]) == {name: WORD}


@pytest.mark.parametrize("name", INNOCENT)
def test_names_that_only_sound_like_it(name: str) -> None:
    assert not is_named(name)
    assert masked({name: WORD}) == {name: WORD}


@pytest.mark.parametrize("text", KNOWN)
def test_texts_that_look_like_a_secret(text: str) -> None:
    assert looks_secret(text)
    assert masked({"a": text}) == {"a": MASK}
    assert MASK in without_known(f"before {text} after")
    assert without_known(f"before {text} after").startswith("before ")
    shown = "".join(masked_lines([f"x: {line}\n" for line in text.splitlines()]))
    assert not any(line in shown for line in text.splitlines() if not line.startswith("----"))
    assert not any(part in shown for part in ("a1a1", "a1b", "hunter22", "er22", "abc"))


@pytest.mark.parametrize(
    "value",
    [
        *("short", "12345678", "true", "/run/secrets/db", "./secrets.txt", "https://example.com/token"),
        *("$(DB_PASSWORD)", "postgres://db.example.com/shop", "10.5Gi", "", 5, True, None),
        {"valueFrom": {"secretKeyRef": {"name": "db-token"}}},
        *("$slack-token", "$dex.github.client-secret", "$argocd-sso:client-secret"),  # keys of a Secret, for Argo CD
    ],
)
def test_values_that_cannot_be_a_secret(value: object) -> None:
    assert masked({"DB_PASSWORD": value}) == {"DB_PASSWORD": value}


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "Secret", "metadata": {"name": "db"}, "stringData": {"a": WORD}},
        {"kind": "SealedSecret", "spec": {"encryptedData": {"a": WORD}}},
        {"kind": "ConfigMap", "sops": {"mac": "x"}, "data": {"a": WORD}},
        {"patches": [{"target": {"kind": "Secret"}, "patch": [{"op": "add", "path": "/x", "value": WORD}]}]},
        {"patches": [{"target": {"kind": "Sec.*"}, "patch": {"stringData": {"a": WORD}}}]},
        {"patches": [{"patch": {"kind": "Secret", "stringData": {"a": WORD}}}]},
        {"patches": [{"patch": f"kind: Secret\nstringData:\n  a: {WORD}\n"}]},
        {"patch": [{"op": "replace", "path": "/stringData/a", "value": WORD}]},
        {"env": [{"name": "DB_PASSWORD", "value": WORD}]},
        {"args": [f"--db-password={WORD}"]},
        {"args": ["-c", f"DB_PASSWORD=two}}{WORD}({WORD}; run"]},
        {"args": [f"--verbose --db-password {WORD}"]},
        {"args": ["--db-password", WORD]},
        {"args": ["-c", f"curl -sS -u admin:{WORD} https://example.com"]},
        {"args": ["-c", f"set -e; curl --user 'admin:{WORD}' https://example.com | jq"]},
        {"command": ["/usr/bin/curl", "-s", "-u", f"admin:{WORD}", "https://example.com"]},
        {"command": ["redis-cli", "-h", "redis", "-a", WORD, "ping"]},
        {"args": ["-c", f"redis-cli -h redis -a {WORD} ping"]},
        {"command": ["sshpass", "-p", WORD, "ssh", "host"]},
        {"command": ["mysql", "-uroot", f"-p{WORD}", "shop"]},
        {"args": ["-c", f"mysqldump -uroot -p{WORD} shop > /tmp/shop.sql"]},
        {"args": ["-c", f"ldapsearch -D cn=admin -w {WORD}"]},
        {"args": ["-c", f"docker login -u me -p {WORD} ghcr.io"]},
        {"args": ["-c", f"openssl enc -aes256 -pass pass:{WORD}"]},
        {"env": [{"value": WORD, "name": "DB_PASSWORD"}]},
        {"files": {"/etc/db.conf": f"host=db user=shop password='two {WORD}'"}},
        {"files": {"/home/app/.netrc": f"machine example.com login me password {WORD}"}},
        {"files": {"/home/app/.netrc": f"machine example.com\n  login me\n  password {WORD}\n"}},
        {"files": {"/home/app/.pgpass": f"# the database\ndb.example.com:5432:*:app:{WORD}\n"}},
        {"annotations": {"example.com/api-token": WORD}},
        {"files": {"/etc/x.pem": f"-----BEGIN PRIVATE KEY-----\n{WORD}\n-----END PRIVATE KEY-----\n"}},
    ],
)
def test_data(data: dict[str, object]) -> None:
    assert WORD not in str(masked(data))


@pytest.mark.parametrize(
    "text",
    [
        f"kind: Secret\nmetadata:\n  name: db\nstringData:\n  a: {WORD}\n  b: |\n    {WORD}\n",
        f"a: 1\n---\nkind: 'Secret'\ndata: {{a: {WORD}}}\n",
        f'{{"apiVersion": "v1", "kind": "Secret", "stringData": {{"a": "{WORD}"}}}}\n',
        f'{{\n  "kind": "Secret",\n  "stringData": {{\n    "a": "{WORD}"\n  }}\n}}\n',
        f"spec:\n  patches:\n  - target: {{kind: Secret}}\n    patch:\n    - op: add\n      value: {WORD}\n",
        f"spec:\n  patches:\n  - patch: |\n      kind: Secret\n      stringData:\n        a: {WORD}\n",
        f"spec:\n  env:\n    DB_PASSWORD: {WORD}\n",
        f"spec:\n  env: {{LOG: info, DB_PASSWORD: {WORD}}}\n",
        f'env:\n- name: DB_PASSWORD\n  value: "{WORD}"\n',
        f"args:\n- --db-password={WORD}\n",
        f"args:\n- --db-password\n- {WORD}\n",
        f'args: ["--db-password", "{WORD}"]\n',
        f"args: [--db-password, {WORD}]\n",
        f"env:\n- value: {WORD}\n  name: DB_PASSWORD\n",
        f"env:\n- value: {WORD}\n  # the database\n  name: DB_PASSWORD\n- name: LOG\n  value: info\n",
        f"args:\n- curl\n- -u\n- admin:{WORD}\n",
        f'command: ["curl", "-u", "admin:{WORD}"]\n',
        f"command: [redis-cli, -a, {WORD}]\n",
        f"files:\n  /home/app/.netrc: |\n    machine a login b password {WORD}\n",
        f"files:\n  /home/app/.netrc: |\n    machine a\n    login b\n    password {WORD}\n",
        f"files:\n  /home/app/.pgpass: |\n    db:5432:shop:app:{WORD}\n",
        f"a: {{b: {{example.com/api-token: {WORD}}}}}\n",
        f"DB_PASSWORD: >-\n  two\n  {WORD}\nb: 1\n",
        f"file: |\n  -----BEGIN PRIVATE KEY-----\n  {WORD}\n  -----END PRIVATE KEY-----\n",
        f"sops:\n  mac: x\ndata:\n  a: {WORD}\n",
    ],
)
def test_files(text: str) -> None:
    lines = text.splitlines(keepends=True)
    for shown in (masked_lines(lines), masked_file(lines)):
        assert len(shown) == len(lines)
        assert WORD not in "".join(shown)
    assert WORD not in scrubbed(f"`{WORD}` is not valid: {WORD}, '{WORD}'", text.encode())


@pytest.mark.parametrize(
    "text",
    [
        f"env:\n- {{name: DB_PASSWORD,\n   value: {WORD}}}\n- {{value: 'two\n   {WORD}', name: API_TOKEN}}\n",
        f'"DB PASSWORD": {WORD}\n? API_TOKEN\n: {WORD} # comment\n',
        f'kind: "\\x53ecret"\nstringData:\n  a: {WORD}\n',
        f"\ufeffa: b\nDB_PASSWORD: |\n  {WORD}\n\n  {WORD}\n\n# comment\nc: d\n",
        f"a: \u2028\nDB_PASSWORD: &anchor {WORD}\n",
        f"args: [curl, '-u',\n  'me:{WORD}']\n",
        f"args:\n- mysql\n- -p{WORD}\n",
    ],
)
def test_files_whose_lines_alone_do_not_say_what_is_secret(text: str) -> None:
    lines = text.split("\n")
    shown = masked_file([f"{line}\n" for line in lines[:-1]])
    assert len(shown) == len(lines) - 1
    assert WORD not in "".join(shown)


def test_a_change_within_a_command_is_masked_as_the_whole_command() -> None:
    old, new = (
        Manifest("job.yaml", {"kind": "Job", "command": ["curl", "-s", "-u", f"me:{word}", "https://example.com"]})
        for word in (WORD, WORD[::-1])
    )
    assert [(path.before, path.after) for _, path in manifest_paths((old,), (new,))] == [(MASK, MASK)]


def test_words_of_a_message_that_are_also_a_secret_are_hidden_between_quotes_alone() -> None:
    text = b"kind: Secret\nstringData:\n  pin: a\n  word: must\n"
    message = "it must name a SealedSecret, and 'a' is not one; `must` is no name, nor \"a\""
    assert (
        scrubbed(message, text)
        == f"it must name a SealedSecret, and '{MASK}' is not one; `{MASK}` is no name, nor \"{MASK}\""
    )


@pytest.mark.parametrize(
    "text",
    [
        "curl -u $USER:$PASSWORD https://example.com:8443/health-check",
        "curl -fsS https://example.com:8443/health-check -o /tmp/health-check.json",
        "docker run -u 1000:1000 --user nobody:nogroup image",
        "sort -u names-of-everyone.txt; redis-cli -h redis-primary ping",
        "host all all 10.0.0.0/8 password",
        "The password authentication of the database is off.",
        "fe80:1:2:3:4:5:6:7 10:20:30:40:50:60 arn:aws:iam::123456789012:role/administrator",
        "listen: 0.0.0.0:8080, upstream: web.shop.svc.cluster.local:8080",
        "2026-01-02T03:04:05.678Z started-at",
        "mysql -h mysql-primary -port 3306; docker run -p 8080:8080 image; login -p 22",
        "make test && compass: north-by-northwest; PWD=/srv/application",
        "task-runner-configuration global-service-configuration key-value-store-of-the-shop",
        "authorization: required for everybody; Bearer tokens are refused",
        "s.example.com b.namespace.svc.cluster.local keyboard-layout-us10",
        "echo $1$2 $5 $HOME_DIRECTORY_OF_THE_USER ${A}${B}",
        "https://example.com:8443/a@b user@tcp(db:3306)/shop",
    ],
)
def test_texts_that_only_look_like_a_login(text: str) -> None:
    assert masked({"args": [text], "files": {"/etc/x": text}}) == {"args": [text], "files": {"/etc/x": text}}
    assert masked_lines([f"  x: {text}\n", f"    {text}\n"]) == [f"  x: {text}\n", f"    {text}\n"]


words = st.sampled_from(
    ["password", "-p", "curl", "mysql", "login", "secret", "token", "user", "api_key", "--", "@", "x"]
)


@given(st.lists(words | st.sampled_from(sorted(masking._IN_A_WORD)), max_size=12).map("".join))
def test_a_word_has_no_pair_and_no_login(text: str) -> None:
    assert masking._LOGIN.search(text) is None
    assert masking._WITHIN.search(text) is None


def test_other_lines_of_a_file_are_shown() -> None:
    text = "kind: App\nspec:\n  tag: 1.5.0\n  env:\n    LOG: info\n    API_TOKEN: abcdefgh12\n    MODE: fast-and-safe\n"
    shown = "".join(masked_lines(text.splitlines(keepends=True)))
    assert shown == text.replace("abcdefgh12", MASK)


def test_a_change_of_a_secret_has_a_path_and_no_values() -> None:
    old, new = (
        Manifest("secret.yaml", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db"}, "data": {"a": each}})
        for each in ("b2xk", "bmV3")
    )
    assert [(path.pointer, path.before, path.after) for _, path in manifest_paths((old,), (new,))] == [
        ("/data/a", None, None)
    ]


@pytest.mark.parametrize(
    "part",
    [
        *(
            "eyJ-",
            "eyJaaaaaaaaa-",
            "SG.aaaaaaaaaaaaaaaaaaaa-",
            "mysql ",
            "curl -u ",
            "a:",
            "://a:b@",
            "$1$",
            "password",
        ),
        *("password='", "password=(", "(((((", "xwebhook.", "-----BEGIN ", "Bearer ", "--password ", "x:y@tcp(", "-"),
    ],
)
def test_a_text_that_begins_like_a_secret_again_and_again_takes_no_time(part: str) -> None:
    text = part * (64_000 // len(part))
    with soon():
        masked({"a": text})
        masked_file([f"a: {text}\n"])
        without_known(text)


@pytest.mark.parametrize("kind", ["(.*)" * 20 + "x|Workload", "(a*)*b" * 20, "(" * 5000, "S" * 100_000])
def test_the_kind_of_a_target_is_a_pattern_that_takes_no_time(kind: str) -> None:
    with soon():
        masked({"target": {"kind": kind}, "patch": {"a": WORD}})


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        *(("Deployment|StatefulSet", WORD), ("Workload", WORD), ("[DR].*", WORD), ("ConfigMap|.*Secret", MASK)),
        *(("", WORD), (".*", MASK), ("(", MASK), ("(?i)secret", MASK), ("Secret|(?P<a>.)\\1", MASK)),
    ],
)
def test_a_patch_is_masked_if_its_target_may_be_a_secret(kind: str, shown: str) -> None:
    assert masked({"target": {"kind": kind}, "patch": {"a": WORD}})["patch"] in ({"a": shown}, shown)


@contextmanager
def soon() -> Iterator[None]:
    """Seconds of the processor, and far more than the block takes: it was 12 s once."""

    def too_long(*_: Any) -> None:
        raise AssertionError("more than 8 seconds")

    before = signal.signal(signal.SIGVTALRM, too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, 8)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
