"""TLS by settings: a server whose authority we know is spoken to in secret, any other one not at all."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import trustme
from aiokafka.errors import KafkaError
from cryptography.hazmat.primitives import serialization

from shared.db.migrate import apply
from shared.db.operators import create_operator, operator_dsn, session
from shared.db.pool import open_pool
from shared.db.settings import DatabaseSettings
from shared.kafka.admin import apply_topics
from shared.kafka.producer import Producer, PublishFailed, Record
from shared.kafka.reader import read_to_end
from shared.kafka.settings import KafkaSettings
from shared.stack.kafka import ADMIN, Kafka

PASSWORD = "only-for-this-server"


class Papers:
    """An authority of the test, the certificate of a server at 127.0.0.1, and an authority that knows nobody."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        ours, other = trustme.CA(), trustme.CA()
        issued = ours.issue_cert("127.0.0.1")
        self.authority, self.stranger = folder / "authority.pem", folder / "stranger.pem"
        self.both = folder / "server.pem"
        ours.cert_pem.write_to_path(str(self.authority))
        other.cert_pem.write_to_path(str(self.stranger))
        key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
        plain = serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        self.both.write_bytes(pem + issued.cert_chain_pems[0].bytes())


class Front:
    """Speaks TLS for a PostgreSQL whose build has none: answers the client's SSLRequest and passes on the rest."""

    REQUEST = struct.pack("!ii", 8, 80877103)

    def __init__(self, papers: Papers, database: str) -> None:
        parts = urlsplit(database)
        self._server = (parts.hostname, parts.port)
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(papers.both)
        self.papers, self.database, self.secured = papers, database, 0

    async def start(self) -> asyncio.Server:
        """Listen; `dsn` names it from then on."""
        listening = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = listening.sockets[0].getsockname()[1]
        return listening

    def dsn(self, host: str = "127.0.0.1") -> str:
        """The database as the administrator, through this."""
        parts = urlsplit(self.database)
        user = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{user}@{host}:{self.port}"))

    def settings(self, authority: Path | None, host: str = "127.0.0.1", **more: Any) -> DatabaseSettings:
        """How a service or an administrator gets there."""
        dsn = self.dsn(host)
        values = {"postgres_dsn": dsn, "admin_postgres_dsn": dsn, "postgres_sslrootcert": authority, **more}
        return DatabaseSettings.model_validate(values)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            if await reader.readexactly(8) == self.REQUEST:
                writer.write(b"S")
                await writer.start_tls(self._context)
                self.secured += 1
                there, back = await asyncio.open_connection(*self._server)
                await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
        writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


class SecureKafka(Kafka):
    """Kafka with SASL over TLS, its key and certificates as PEM."""

    papers: Papers

    def _properties(self, node: Any) -> str:
        values = {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.papers.both,
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.papers.authority,
        }
        text = super()._properties(node).replace("CLIENT:SASL_PLAINTEXT", "CLIENT:SASL_SSL")
        return text + "".join(f"{name}={value}\n" for name, value in values.items())

    def client(self) -> dict[str, str]:
        secured = {"security.protocol": "SASL_SSL", "ssl.ca.location": str(self.papers.authority)}
        return super().client() | secured


@pytest.fixture
async def front(database: str, tmp_path: Path) -> AsyncIterator[Front]:
    made = Front(Papers(tmp_path / "papers"), database)
    listening = await made.start()
    yield made
    listening.close()
    await listening.wait_closed()


async def test_a_service_speaks_to_the_database_in_secret(front: Front) -> None:
    pool = await open_pool(front.settings(front.papers.authority), "intake", application_name="test")
    assert await pool.fetchval("SELECT count(*) FROM profile") == 0
    await pool.close()
    assert front.secured > 0


async def test_who_migrates_and_who_operates_do_too(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await apply(front.settings(front.papers.authority), ["intake"]) == []
    assert front.secured == 1
    monkeypatch.setenv("EE_POSTGRES_SSLROOTCERT", str(front.papers.authority))
    await create_operator(front.dsn(), "ada", PASSWORD, ["intake"])
    async with session("intake", operator_dsn(front.dsn(), "ada", PASSWORD)) as connection:
        assert await connection.fetchval("SELECT session_user") == "ada"
    assert front.secured == 3


async def test_a_database_of_an_unknown_authority_is_refused_and_not_waited_for(front: Front) -> None:
    async with asyncio.timeout(240):
        with pytest.raises(ssl.SSLCertVerificationError):
            await open_pool(front.settings(front.papers.stranger), "intake", application_name="test")


async def test_a_database_under_another_name_is_refused(front: Front) -> None:
    async with asyncio.timeout(240):
        with pytest.raises(ssl.SSLCertVerificationError, match="localhost"):
            await open_pool(front.settings(front.papers.authority, "localhost"), "intake", application_name="test")


async def test_the_mode_is_that_of_the_settings(front: Front) -> None:
    pool = await open_pool(front.settings(None, postgres_ssl="require"), "intake", application_name="test")
    assert await pool.fetchval("SELECT 1") == 1
    await pool.close()
    assert front.secured > 0


async def test_a_server_that_has_no_tls_is_not_spoken_to_in_clear(database: str, tmp_path: Path) -> None:
    settings = DatabaseSettings.model_validate({"admin_postgres_dsn": database, "postgres_ssl": "require"})
    with pytest.raises(ConnectionError, match="rejected SSL upgrade"):
        await apply(settings, ["intake"])


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    folder = tmp_path_factory.mktemp("kafka")
    broker = SecureKafka(folder / "server", admin_password=PASSWORD)
    broker.papers = Papers(folder / "papers")
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def _kafka(broker: SecureKafka, authority: Path, protocol: str = "SASL_SSL") -> KafkaSettings:
    return KafkaSettings.model_validate(
        {
            "bootstrap": broker.bootstrap,
            "security_protocol": protocol,
            "sasl_username": ADMIN,
            "sasl_password": PASSWORD,
            "ssl_cafile": authority,
        }
    )


async def test_every_client_of_ours_speaks_to_the_broker_in_secret(kafka: SecureKafka) -> None:
    settings = _kafka(kafka, kafka.papers.authority)
    await apply_topics(settings)
    producer = Producer(settings, delivery_timeout_s=120)
    await producer.publish([Record("round", b"1", b"{}")])
    await producer.stop()
    assert [record.value async for record in read_to_end(settings, ["round"])] == [b"{}"]


async def test_a_broker_of_an_unknown_authority_gets_nothing(kafka: SecureKafka) -> None:
    producer = Producer(_kafka(kafka, kafka.papers.stranger), delivery_timeout_s=5)
    with pytest.raises((KafkaError, PublishFailed)):
        await producer.publish([Record("round", b"1", b"{}")])
    await producer.stop()


async def test_a_broker_that_asks_for_tls_takes_nothing_in_clear(kafka: SecureKafka) -> None:
    producer = Producer(_kafka(kafka, kafka.papers.authority, "SASL_PLAINTEXT"), delivery_timeout_s=5)
    with pytest.raises((KafkaError, PublishFailed)):
        await producer.publish([Record("round", b"1", b"{}")])
    await producer.stop()
