"""Who may do what in Kafka: ACLs and SCRAM users, generated from the table of topics."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from shared.kafka.connection import REQUEST_TIMEOUT_S, connect
from shared.kafka.settings import KafkaSettings
from shared.kafka.topics import OPERATOR, TOPICS, table, topics_of

_SCRAM_ITERATIONS = 8192


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """`principal` may do `operation` on the topic, group or cluster called `name`. Literal names only."""

    principal: str
    resource: str
    name: str
    operation: str

    def __str__(self) -> str:
        return f"{self.principal} may {self.operation.lower()} {self.resource.lower()} {self.name}"


def rights() -> frozenset[Right]:
    """All of them. Reading and writing a topic include describing it; a group has its principal's name."""
    found = {Right(p, "TOPIC", t.name, "WRITE") for t in TOPICS.values() for p in t.writers}
    found |= {Right(p, "TOPIC", t.name, "READ") for t in TOPICS.values() for p in t.readers}
    found |= {Right(p, "GROUP", p, "READ") for p in table().principals}
    for principal, services in table().describes.items():
        found |= _describes(principal, services)
    return frozenset(found | _describes(OPERATOR, table().services))


def _describes(principal: str, services: Iterable[str]) -> set[Right]:
    """The progress of other services: their committed offsets, and the ends of what they read."""
    groups = {Right(principal, "GROUP", service, "DESCRIBE") for service in services}
    topics = {Right(principal, "TOPIC", t, "DESCRIBE") for service in services for t in topics_of(service)}
    return groups | topics


async def apply_rights(settings: KafkaSettings) -> list[str]:
    """Make the users of `settings.users` and bring the ACLs of our principals to what the table says.

    Returns what was done. ACLs of other principals, and of other topics, are left alone. Needs a super user, or
    one who may alter the cluster. Raises `confluent_kafka.KafkaException`.
    """
    return await asyncio.to_thread(_apply, settings)


async def describe(settings: KafkaSettings) -> frozenset[Right]:
    """The rights that our principals have now on literal topics and groups."""
    return await asyncio.to_thread(_describe, connect(settings))


def _apply(settings: KafkaSettings) -> list[str]:
    client = connect(settings)
    done = _apply_users(client, settings)
    wanted, existing = rights(), _describe(client)
    added, removed = sorted(wanted - existing), sorted(existing - wanted)
    if added:
        for future in client.create_acls([binding(r) for r in added], request_timeout=REQUEST_TIMEOUT_S).values():
            future.result()
    if removed:
        for deleted in client.delete_acls([filter_of(r) for r in removed], request_timeout=REQUEST_TIMEOUT_S).values():
            deleted.result()
    return [*done, *(f"granted: {r}" for r in added), *(f"revoked: {r}" for r in removed)]


def _describe(client: AdminClient) -> frozenset[Right]:
    anything: Any = None
    every = AclBindingFilter(
        ResourceType.ANY,
        anything,
        ResourcePatternType.LITERAL,
        anything,
        anything,
        AclOperation.ANY,
        AclPermissionType.ALLOW,
    )
    found: list[AclBinding] = client.describe_acls(every, request_timeout=REQUEST_TIMEOUT_S).result()
    ours = {f"User:{p}": p for p in table().principals}
    return frozenset(
        Right(ours[b.principal], b.restype.name, b.name, b.operation.name)
        for b in found
        if b.principal in ours and b.host == "*"
    )


def _apply_users(client: AdminClient, settings: KafkaSettings) -> list[str]:
    sha256 = settings.sasl_mechanism == "SCRAM-SHA-256"
    mechanism = ScramMechanism.SCRAM_SHA_256 if sha256 else ScramMechanism.SCRAM_SHA_512
    info = ScramCredentialInfo(mechanism, _SCRAM_ITERATIONS)
    wanted: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(name, info, password.get_secret_value().encode())
        for name, password in sorted(settings.users.items())
    ]
    if not wanted:
        return []
    for future in client.alter_user_scram_credentials(wanted, request_timeout=REQUEST_TIMEOUT_S).values():
        future.result()
    return [f"set the password of {name}" for name in sorted(settings.users)]


def binding(right: Right) -> AclBinding:
    """The ACL that grants it."""
    return AclBinding(*_arguments(right))


def filter_of(right: Right) -> AclBindingFilter:
    """What finds the ACL that grants it."""
    return AclBindingFilter(*_arguments(right))


def _arguments(
    right: Right,
) -> tuple[ResourceType, str, ResourcePatternType, str, str, AclOperation, AclPermissionType]:
    return (
        ResourceType[right.resource],
        right.name,
        ResourcePatternType.LITERAL,
        f"User:{right.principal}",
        "*",
        AclOperation[right.operation],
        AclPermissionType.ALLOW,
    )
