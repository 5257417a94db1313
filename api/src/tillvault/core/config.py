"""Every setting, once. `env.example` and `docs/reference/settings.md` are generated from this class."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_WEB = r"^https?://[^\s]{1,2000}$"


class Settings(BaseSettings):
    """Read from the environment. Names are those of the contract where it gives one, else `TILLVAULT_…`."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, env_ignore_empty=True)

    host: str = Field(default="127.0.0.1", validation_alias="HOST", description="Address the API listens on.")
    port: int = Field(default=8000, ge=0, le=65535, validation_alias="PORT", description="Port the API listens on.")
    base_url: str | None = Field(
        default=None,
        validation_alias="TILLVAULT_BASE_URL",
        description="Address under which people reach the API. Default: http://HOST:PORT.",
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=64,
        validation_alias="TILLVAULT_WORKERS",
        description="Number of API processes that `serve` runs.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        description="PostgreSQL (15 or later) as the app's role. Unset: an embedded PostgreSQL under the data folder.",
    )
    database_owner_url: SecretStr | None = Field(
        default=None,
        validation_alias="DATABASE_OWNER_URL",
        description="The same database as the owner of the tables. Needed to make the roles and to change "
        "the schema (`tillvault db upgrade`); keep it out of the API's environment.",
    )
    database_backup_url: SecretStr | None = Field(
        default=None,
        validation_alias="DATABASE_BACKUP_URL",
        description="The same database as a role that may read every row: a superuser, or a role with BYPASSRLS and "
        "pg_read_all_data. For `tillvault backup` alone; keep it out of the API's environment. Unset: "
        "DATABASE_OWNER_URL.",
    )
    database_pool_size: int = Field(
        default=12,
        ge=1,
        le=500,
        validation_alias="TILLVAULT_DATABASE_POOL_SIZE",
        description="Connections that each API process keeps to PostgreSQL.",
    )
    database_statement_timeout_ms: int = Field(
        default=15_000,
        ge=100,
        validation_alias="TILLVAULT_DATABASE_STATEMENT_TIMEOUT_MS",
        description="Longest time of one SQL statement, in milliseconds. Beyond it the request is refused with 503.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        validation_alias="REDIS_URL",
        description="Redis 7 or later, for rate limits and live updates across processes. Unset: kept in the process.",
    )
    data_dir: Path = Field(
        default=Path("var"),
        validation_alias="TILLVAULT_DATA_DIR",
        description="Folder for the embedded database, keys and demo.json.",
    )
    keys_dir: Path | None = Field(
        default=None,
        validation_alias="TILLVAULT_KEYS_DIR",
        description="Folder for secrets that never enter the database. Default: `keys` in the data folder.",
    )
    token_secret: SecretStr | None = Field(
        default=None,
        validation_alias="TILLVAULT_TOKEN_SECRET",
        description="Secret that signs login tokens, 32 characters or more. Unset: made once in the keys folder.",
    )
    pin_pepper: SecretStr | None = Field(
        default=None,
        validation_alias="TILLVAULT_PIN_PEPPER",
        description="Secret under which PINs are looked up, 32 characters or more. Unset: made once in the keys "
        "folder. Changing it makes every PIN unusable.",
    )
    setup_code: SecretStr | None = Field(
        default=None,
        min_length=8,
        validation_alias="TILLVAULT_SETUP_CODE",
        description="Code that the first-run page asks for while there is no organisation. Unset: made by `serve` at "
        "each start and written into its log.",
    )
    token_ttl_minutes: int = Field(
        default=12 * 60,
        ge=1,
        le=60 * 24 * 31,
        validation_alias="TILLVAULT_TOKEN_TTL_MINUTES",
        description="How long a login lasts, in minutes.",
    )
    argon2_threads: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        le=64,
        validation_alias="TILLVAULT_ARGON2_THREADS",
        description="PINs and passwords checked at the same time by one process. Default: the number of cores.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        validation_alias="TILLVAULT_CORS_ORIGINS",
        description="Origins whose pages may call the API, separated by commas.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        validation_alias="TILLVAULT_TRUSTED_PROXIES",
        description="Addresses of reverse proxies whose X-Forwarded-For is believed, separated by commas.",
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        validation_alias="TILLVAULT_METRICS_TOKEN",
        description="When set, /metrics asks for it as a bearer token.",
    )
    max_body_bytes: int = Field(
        default=262_144,
        ge=1024,
        validation_alias="TILLVAULT_MAX_BODY_BYTES",
        description="Largest request body, in bytes. Beyond it the answer is 413.",
    )
    vault_origin: str = Field(
        default="tillvault.local",
        pattern=r"^[A-Za-z0-9._~:/-]{1,200}$",
        validation_alias="VAULT_ORIGIN",
        description="Who issues evidence, and the first part of every log's name: a host name of yours.",
    )
    evidence_key_pem: SecretStr | None = Field(
        default=None,
        validation_alias="TILLVAULT_EVIDENCE_KEY_PEM",
        description="Private key that signs evidence: P-256, PKCS #8 PEM, line feeds also as \\n. Changing it is a "
        "rotation. Unset: `evidence.pem` in the keys folder, made once.",
    )
    checkpoint_key_pem: SecretStr | None = Field(
        default=None,
        validation_alias="TILLVAULT_CHECKPOINT_KEY_PEM",
        description="Private key that signs checkpoints: Ed25519, else like the one for evidence. Unset: "
        "`checkpoint.pem` in the keys folder.",
    )
    pos_ticket_max_size_bytes: int = Field(
        default=65_536,
        ge=1024,
        validation_alias="POS_TICKET_MAX_SIZE_BYTES",
        description="Largest ticket, in bytes. Beyond it the answer is 413.",
    )
    catalogue_import_max_bytes: int = Field(
        default=10 * 1024 * 1024,
        ge=1024,
        validation_alias="CATALOGUE_IMPORT_MAX_BYTES",
        description="Largest file of products, in bytes. Beyond it the answer is 413.",
    )
    receipt_secret: SecretStr | None = Field(
        default=None,
        validation_alias="TILLVAULT_RECEIPT_SECRET",
        description="Secret behind the address in the QR code of receipts, 32 characters or more. Unset: made once in "
        "the keys folder. Changing it makes the codes of all receipts handed out useless.",
    )
    receipt_font_dir: Path | None = Field(
        default=None,
        validation_alias="RECEIPT_FONT_DIR",
        description="Folder with further fonts (TTF, OTF) for receipts, for scripts other than Latin, Greek, Cyrillic "
        "and Khmer.",
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        validation_alias="TILLVAULT_WEBHOOK_SECRET",
        description="Secret from which those of webhooks are derived, 32 characters or more. Unset: made once in the "
        "keys folder. The API and the relay need the same; changing it changes every endpoint's secret.",
    )
    webhooks_allow_private_targets: bool = Field(
        default=False,
        validation_alias="WEBHOOKS_ALLOW_PRIVATE_TARGETS",
        description="true: webhooks may go to private and local addresses, and over plain http. For tests, and for "
        "installations whose every admin may reach the network of the server.",
    )
    webhook_timeout_seconds: float = Field(
        default=10.0,
        ge=0.1,
        le=30,
        validation_alias="WEBHOOK_TIMEOUT_SECONDS",
        description="How long a webhook may take to answer, in seconds.",
    )
    relay_in_server: Literal["auto", "true", "false"] = Field(
        default="auto",
        validation_alias="RELAY_IN_SERVER",
        description="Whether `serve` runs the relay too: true, false, or auto for only when the database is embedded. "
        "Otherwise run `tillvault relay`.",
    )
    relay_attempts_max: int = Field(
        default=20,
        ge=1,
        le=100,
        validation_alias="RELAY_ATTEMPTS_MAX",
        description="How often an event is tried before it becomes a dead letter. The default takes about nine hours.",
    )
    relay_backoff_seconds: float = Field(
        default=1.0,
        ge=0.01,
        le=3600,
        validation_alias="RELAY_BACKOFF_SECONDS",
        description="Pause after a first failed delivery, in seconds; doubled after each further one.",
    )
    relay_backoff_max_seconds: float = Field(
        default=3600.0,
        ge=0.01,
        le=86_400,
        validation_alias="RELAY_BACKOFF_MAX_SECONDS",
        description="Longest pause between two deliveries of one event, in seconds.",
    )
    relay_retention_days: float = Field(
        default=7.0,
        gt=0,
        le=3650,
        validation_alias="RELAY_RETENTION_DAYS",
        description="How long delivered events, their deliveries and sync logs are kept, in days: as far back as a "
        "webhook can be replayed.",
    )
    relay_dead_letter_retention_days: float = Field(
        default=30.0,
        gt=0,
        le=3650,
        validation_alias="RELAY_DEAD_LETTER_RETENTION_DAYS",
        description="How long dead letters and their events are kept, in days.",
    )
    relay_redis_stream_url: SecretStr | None = Field(
        default=None,
        validation_alias="RELAY_REDIS_STREAM_URL",
        description="Redis whose stream gets every event. Unset: none.",
    )
    relay_redis_stream_name: str = Field(
        default="tillvault.events",
        pattern=r"^[\x21-\x7e]{1,200}$",
        validation_alias="RELAY_REDIS_STREAM_NAME",
        description="Name of the Redis stream.",
    )
    relay_redis_stream_maxlen: int = Field(
        default=1_000_000,
        ge=1,
        validation_alias="RELAY_REDIS_STREAM_MAXLEN",
        description="How many events the Redis stream keeps, about.",
    )
    relay_nats_url: SecretStr | None = Field(
        default=None,
        validation_alias="RELAY_NATS_URL",
        description="NATS server whose JetStream gets every event (extra `nats`). Unset: none.",
    )
    relay_nats_stream: str = Field(
        default="TILLVAULT",
        pattern=r"^[A-Za-z0-9_-]{1,100}$",
        validation_alias="RELAY_NATS_STREAM",
        description="Name of the JetStream stream; made when it is missing.",
    )
    relay_nats_subject: str = Field(
        default="tillvault.events",
        pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$",
        validation_alias="RELAY_NATS_SUBJECT",
        description="Subjects are this, a dot and the type of the event.",
    )
    classifier_threshold: float = Field(
        default=0.6,
        ge=0,
        le=1,
        validation_alias="CLASSIFIER_THRESHOLD",
        description="Confidence below which the classifier of deposits asks a person instead of guessing.",
    )
    classifier_url: str | None = Field(
        default=None,
        pattern=_WEB,
        validation_alias="CLASSIFIER_URL",
        description="Endpoint that speaks OpenAI's protocol and classifies deposits instead, such as "
        "https://host/v1. It is sent what people write. Unset: the model that comes with Tillvault, which also stands "
        "in when the endpoint fails.",
    )
    classifier_model: str = Field(
        default="gpt-4o-mini",
        min_length=1,
        max_length=200,
        validation_alias="CLASSIFIER_MODEL",
        description="Model that the endpoint is asked for.",
    )
    classifier_api_key: SecretStr | None = Field(
        default=None, validation_alias="CLASSIFIER_API_KEY", description="Its API key. Unset: none is sent."
    )
    classifier_timeout_seconds: float = Field(
        default=4.0,
        ge=0.1,
        le=30,
        validation_alias="CLASSIFIER_TIMEOUT_SECONDS",
        description="How long it may take, in seconds.",
    )
    transcription_url: str | None = Field(
        default=None,
        pattern=_WEB,
        validation_alias="TRANSCRIPTION_URL",
        description="Endpoint that speaks OpenAI's protocol and turns voice into text, such as https://host/v1. It is "
        "sent the recordings. Unset: voice is refused with 503.",
    )
    transcription_model: str = Field(
        default="whisper-1",
        min_length=1,
        max_length=200,
        validation_alias="TRANSCRIPTION_MODEL",
        description="Model that it is asked for.",
    )
    transcription_api_key: SecretStr | None = Field(
        default=None, validation_alias="TRANSCRIPTION_API_KEY", description="Its API key. Unset: none is sent."
    )
    transcription_timeout_seconds: float = Field(
        default=30.0,
        ge=0.1,
        le=120,
        validation_alias="TRANSCRIPTION_TIMEOUT_SECONDS",
        description="How long it may take, in seconds.",
    )
    transcription_max_bytes: int = Field(
        default=5 * 1024 * 1024,
        ge=1024,
        validation_alias="TRANSCRIPTION_MAX_BYTES",
        description="Largest recording, in bytes. Beyond it the answer is 413.",
    )
    exports_dir: Path | None = Field(
        default=None,
        validation_alias="EXPORTS_DIR",
        description="Folder below which scheduled exports to a folder are written. Default: `exports` in the data "
        "folder.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", validation_alias="TILLVAULT_LOG_LEVEL", description="debug, info, warning or error."
    )
    log_format: Literal["json", "console"] = Field(
        default="json", validation_alias="TILLVAULT_LOG_FORMAT", description="json, or console for people."
    )

    @field_validator("cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("token_secret", "pin_pepper", "webhook_secret", "receipt_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("must have 32 characters or more")
        return value

    @cached_property
    def keys_folder(self) -> Path:
        return self.keys_dir or self.data_dir / "keys"

    @property
    def exports_folder(self) -> Path:
        return self.exports_dir or self.data_dir / "exports"

    @property
    def embedded(self) -> bool:
        """Whether this installation runs its own PostgreSQL."""
        return self.database_url is None

    @property
    def public_url(self) -> str:
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")
