"""What one source is told: a YAML file, one model per kind; secrets are named, never written in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from feedback_mining.errors import InputError

_MAX_BYTES = 200_000
_ZENDESK_INTERVAL = 6.0  # seconds: the vendor allows ten requests a minute
_SECRET_KEYS = frozenset({"token", "private_key", "password", "secret", "api_key", "apikey"})
_EnvName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]
_Url = Annotated[str, Field(pattern=r"^https?://[^\s@]+$", max_length=2_000)]


class _Common(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    product: str = Field(min_length=1, max_length=200)
    instance: str | None = Field(default=None, max_length=60, pattern=r"^[\w.-]*$")  # in front of every id
    allow_hosts: tuple[str, ...] = ()
    contact: str | None = Field(default=None, max_length=200, pattern=r"^[\x20-\x7e]*$")
    min_interval: float = Field(default=1.0, ge=0, le=3600)
    max_pages: int = Field(default=1000, ge=1, le=100_000)
    max_bytes: int = Field(default=20_000_000, ge=1, le=200_000_000)
    timeout: float = Field(default=60.0, gt=0, le=600)
    attempts: int = Field(default=4, ge=1, le=10)
    backoff: float = Field(default=1.0, ge=0, le=60)

    @property
    def interval(self) -> float:
        """Seconds between two requests to one host."""
        return self.min_interval


class _Api(_Common):
    base_url: _Url

    @property
    def place(self) -> str:
        """Within which ids are unique."""
        return self.base_url


class AppStoreRss(_Api):
    kind: Literal["app_store_rss"]
    app_id: str = Field(pattern=r"^\d+$")
    country: str = Field(default="cn", pattern=r"^[a-z]{2}$")
    base_url: _Url = "https://itunes.apple.com"

    @property
    def key(self) -> str:
        return f"{self.country}/{self.app_id}"


class AppStoreConnect(_Api):
    kind: Literal["app_store_connect"]
    app_id: str = Field(pattern=r"^\d+$")
    key_id: str
    issuer_id: str
    private_key_env: _EnvName
    base_url: _Url = "https://api.appstoreconnect.apple.com"

    @property
    def key(self) -> str:
        return self.app_id


class Txc(_Api):
    kind: Literal["txc"]
    product_id: str = Field(pattern=r"^\w+$")
    private_key_env: _EnvName
    reread_days: int = Field(default=7, ge=0, le=366)  # before the newest post, for edits of what is known
    webhook_secret_env: _EnvName | None = None  # last part of the path at which events are received
    base_url: _Url = "https://txc.qq.com"

    @property
    def key(self) -> str:
        return self.product_id


class Discourse(_Api):
    kind: Literal["discourse"]
    api_key_env: _EnvName | None = None
    api_username: str | None = None

    @property
    def key(self) -> str:
        return self.base_url


class GitHub(_Api):
    kind: Literal["github"]
    repo: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    token_env: _EnvName | None = None
    comments: bool = False
    base_url: _Url = "https://api.github.com"

    @property
    def key(self) -> str:
        return self.repo


class Zendesk(_Api):
    kind: Literal["zendesk"]
    email: str
    token_env: _EnvName
    min_interval: float = Field(default=_ZENDESK_INTERVAL, ge=0, le=3600)

    @property
    def interval(self) -> float:
        host = (urlsplit(self.base_url).hostname or "").rstrip(".")
        own = host == "zendesk.com" or host.endswith(".zendesk.com")
        return max(self.min_interval, _ZENDESK_INTERVAL) if own else self.min_interval

    @property
    def key(self) -> str:
        return self.base_url


class Forum(_Common):
    """Selectors are CSS. A value is the element's text, or of an attribute where `selector@attribute` is given."""

    kind: Literal["forum"]
    contact: str = Field(min_length=3, max_length=200, pattern=r"^[\x20-\x7e]*$")  # for the site's owner
    start: tuple[_Url, ...] = Field(min_length=1, max_length=100)
    thread: str  # links of a list page that lead to threads
    post: str
    body: str
    author: str | None = None
    time: str | None = None
    id: str | None = None
    id_pattern: str | None = None  # its first group, found in the value, is the id
    title: str | None = None  # of the thread page; goes with its first post
    drop: tuple[str, ...] = ()
    next_list: str | None = None
    next_page: str | None = None
    list_pages: int = Field(default=3, ge=1, le=1000)
    thread_pages: int = Field(default=50, ge=1, le=1000)
    encoding: str | None = None
    stop_selectors: tuple[str, ...] = ()
    stop_markers: tuple[str, ...] = ("请输入验证码", "安全验证", "captcha")
    login_paths: tuple[str, ...] = ("login", "logging", "signin", "passport")

    @property
    def key(self) -> str:
        return self.start[0]

    @property
    def place(self) -> str:
        return "{0.scheme}://{0.netloc}".format(urlsplit(self.start[0]))


SourceConfig = Annotated[
    AppStoreRss | AppStoreConnect | Txc | Discourse | GitHub | Zendesk | Forum,
    Field(discriminator="kind"),
]
_ADAPTER: TypeAdapter[SourceConfig] = TypeAdapter(SourceConfig)


def load_source(path: Path) -> SourceConfig:
    """Read one source. Raises InputError in one line: missing, malformed, an unknown key, a secret in it."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror}); expected a YAML file of a source"
        ) from None
    if len(data) > _MAX_BYTES:
        raise InputError(f"{path}: larger than {_MAX_BYTES} bytes; expected a YAML file of one source")
    try:
        for event in yaml.parse(data, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise InputError(f"{path}: YAML aliases (*name) are not read; write the value out")
        content = yaml.safe_load(data)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise InputError(f"{path}: not YAML; expected lines such as kind: github") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected keys and values, such as kind: github")
    for key in content:
        if str(key).lower() in _SECRET_KEYS:
            raise InputError(
                f"{path}: {key} is a secret and does not belong in the file; put it into an environment "
                f"variable or the secrets file and name it here: {key}_env: NAME"
            )
    try:
        return _ADAPTER.validate_python(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = str(first["loc"][-1]) if first["loc"] else "kind"
        raise InputError(f"{path}: {where}: {first['msg']}; see docs/connectors.md") from None


def check_secrets(config: SourceConfig, secrets_file: Path | None) -> None:
    """Raises InputError where one that fetching needs is not set."""
    for key, name in config:
        if key.endswith("_env") and key != "webhook_secret_env" and name:
            secret(name, secrets_file)


def secret(name: str, secrets_file: Path | None, environ: Mapping[str, str] | None = None) -> str:
    """The secret called `name`, from the environment, else from the file. Raises InputError without values."""
    value = (os.environ if environ is None else environ).get(name)
    if value is None and secrets_file is not None:
        value = _secrets(secrets_file).get(name)
    if not value:
        raise InputError(
            f"The secret {name} is not set; set it as an environment variable, "
            f"or in the file that FEEDBACK_MINING_SECRETS names"
        )
    return value.replace("\\n", "\n") if "PRIVATE KEY" in value else value


def _secrets(path: Path) -> dict[str, str]:
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise InputError(f"{path}: other users can read this secrets file; run: chmod 600 {path}")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        raise InputError(f"{path}: the secrets file cannot be read; check FEEDBACK_MINING_SECRETS") from None
    pairs: list[tuple[str, Any, str]] = [line.partition("=") for line in lines if not line.startswith("#")]
    return {name.strip(): value.strip().strip("'\"") for name, equals, value in pairs if equals}
