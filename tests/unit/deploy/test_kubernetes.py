"""deploy/kubernetes: what the schemas of Kubernetes do not see: names that point nowhere, and settings nobody reads."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft202012Validator

from services.cli import SETTINGS as BY_READER
from shared.kafka.topics import OPERATOR, SERVICES, table, topics_of
from shared.ops.config import name
from shared.worker.settings import WorkerSettings

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy" / "kubernetes"
VERSION = "1.37"
MADE_BY_OPERATORS = {"express-entry-authorities"}
SETTINGS = {name(settings, field) for settings in BY_READER.values() for field in settings.model_fields}
SETTINGS |= {"EE_SECRETS_DIR"}

SCALED_OBJECT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["scaleTargetRef", "triggers", "minReplicaCount", "maxReplicaCount"],
    "properties": {
        "scaleTargetRef": {"type": "object", "additionalProperties": False, "properties": {"name": {"type": "string"}}},
        "minReplicaCount": {"type": "integer", "minimum": 1},
        "maxReplicaCount": {"type": "integer"},
        "pollingInterval": {"type": "integer"},
        "cooldownPeriod": {"type": "integer"},
        "advanced": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"horizontalPodAutoscalerConfig": {"type": "object"}},
        },
        "triggers": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "type": {"const": "kafka"},
                    "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
                    "authenticationRef": {"type": "object"},
                },
            },
        },
    },
}
"""The part of KEDA's ScaledObject that is used; a key that is not in it is a mistake."""

KAFKA_TRIGGER = {
    "bootstrapServersFromEnv",
    "consumerGroup",
    "topic",
    "lagThreshold",
    "offsetResetPolicy",
    "sasl",
    "tls",
    "version",
}


def documents(folder: str = "*") -> list[tuple[Path, dict[str, Any]]]:
    files = sorted(file for file in FOLDER.glob(f"{folder}/*.yaml") if file.name != "kustomization.yaml")
    return [(file, one) for file in files for one in yaml.safe_load_all(file.read_text("utf-8"))]


ALL = documents()
NAMED = {(one["kind"], one["metadata"]["name"]): one for _, one in ALL}
PODS = [one for _, one in ALL if one["kind"] in {"Deployment", "Job"}]
DEPLOYMENTS = {one["metadata"]["name"]: one for one in PODS if one["kind"] == "Deployment"}


def spec(workload: dict[str, Any]) -> Any:
    return workload["spec"]["template"]["spec"]


def container(workload: dict[str, Any]) -> Any:
    (only,) = spec(workload)["containers"]
    return only


def labels(workload: dict[str, Any]) -> Any:
    return workload["spec"]["template"]["metadata"]["labels"]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(one, id=f"{one['kind']}-{one['metadata']['name']}")
        for _, one in ALL
        if ".sh/" not in one["apiVersion"]
    ],
)
def test_every_manifest_is_valid_for_kubernetes(document: dict[str, Any]) -> None:
    kubernetes_validate.validate(document, VERSION, strict=True)


def test_the_validator_sees_a_key_that_does_not_exist() -> None:
    broken = {**DEPLOYMENTS["intake"], "spec": {**DEPLOYMENTS["intake"]["spec"], "replcias": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSION, strict=True)


@pytest.mark.parametrize("folder", ["prepare", "services", "finish"])
def test_a_kustomization_takes_exactly_the_files_beside_it(folder: str) -> None:
    kustomization = yaml.safe_load((FOLDER / folder / "kustomization.yaml").read_text("utf-8"))
    assert set(kustomization["resources"]) == {file.name for file, _ in documents(folder)}
    assert ("Namespace", kustomization["namespace"]) in NAMED
    images = {image["name"] for image in kustomization["images"]}
    assert {container(one)["image"] for _, one in documents(folder) if one in PODS} <= images


def test_every_service_has_a_deployment_that_runs_it() -> None:
    assert DEPLOYMENTS.keys() == set(SERVICES)
    for service, deployment in DEPLOYMENTS.items():
        assert container(deployment)["args"] == [f"services.{service}"]


def test_the_deployments_differ_by_name_secrets_and_number_alone() -> None:
    shapes = set()
    for service, deployment in DEPLOYMENTS.items():
        text = re.sub(rf"\b{service}\b", "SERVICE", yaml.safe_dump({**deployment, "spec": dict(deployment["spec"])}))
        text = re.sub(r"^ *- key: ee_.*\n *path: ee_.*\n|^  replicas: 2\n", "", text, flags=re.MULTILINE)
        shapes.add(text)
    assert len(shapes) == 1


def test_selectors_match_the_labels_of_their_pods() -> None:
    for service, deployment in DEPLOYMENTS.items():
        assert deployment["spec"]["selector"]["matchLabels"].items() <= labels(deployment).items()
        budget = NAMED["PodDisruptionBudget", service]["spec"]
        assert budget["selector"]["matchLabels"].items() <= labels(deployment).items()
        assert budget["maxUnavailable"] == 1
        spread = spec(deployment)["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]
        assert spread.items() <= labels(deployment).items()


def test_network_policies_choose_pods_that_exist_and_close_the_rest() -> None:
    policies = {one["metadata"]["name"]: one["spec"] for _, one in ALL if one["kind"] == "NetworkPolicy"}
    nothing = policies["nothing"]
    assert set(nothing["policyTypes"]) == {"Ingress", "Egress"}
    assert "ingress" not in nothing
    assert "egress" not in nothing
    (expression,) = policies["metrics"]["podSelector"]["matchExpressions"]
    assert set(expression["values"]) == {labels(one)[expression["key"]] for one in DEPLOYMENTS.values()}
    ports = {port["name"] for one in DEPLOYMENTS.values() for port in container(one)["ports"]}
    assert {port["port"] for rule in policies["metrics"]["ingress"] for port in rule["ports"]} == ports
    out = {port["port"] for rule in policies["kafka-and-postgres"]["egress"] for port in rule["ports"]}
    data = NAMED["ConfigMap", "express-entry-settings"]["data"]
    used = {int(port) for port in re.findall(r":(\d+)\b", data["EE_KAFKA_BOOTSTRAP"] + " " + data["EE_POSTGRES_DSN"])}
    assert used <= out


def test_the_label_that_policies_choose_by_is_put_on_every_pod() -> None:
    for file in FOLDER.glob("*/kustomization.yaml"):
        (given,) = yaml.safe_load(file.read_text("utf-8"))["labels"]
        assert given == {"pairs": {"app.kubernetes.io/part-of": "express-entry"}, "includeTemplates": True}


def test_every_setting_that_is_given_exists() -> None:
    for workload in PODS:
        given = {entry["name"] for entry in container(workload).get("env", [])}
        for source in container(workload)["envFrom"]:
            given |= NAMED["ConfigMap", source["configMapRef"]["name"]]["data"].keys()
        assert given <= SETTINGS


def test_every_secret_is_a_reference_to_a_setting_that_is_a_secret_and_nothing_more() -> None:
    assert not [one for _, one in ALL if one["kind"] == "Secret"]
    for workload in PODS:
        (secret,) = [volume["secret"] for volume in spec(workload)["volumes"] if "secret" in volume]
        for item in secret["items"]:
            assert item["key"] == item["path"]
            assert item["key"].upper() in SETTINGS


def test_a_service_gets_its_own_password_and_principal_alone() -> None:
    for service, deployment in DEPLOYMENTS.items():
        (secret,) = [volume["secret"] for volume in spec(deployment)["volumes"] if "secret" in volume]
        assert secret["secretName"] == f"express-entry-{service}"
        passwords = [item["key"] for item in secret["items"] if "postgres" in item["key"]]
        assert passwords == [f"ee_{service}_postgres_password"]
        assert {"name": "EE_KAFKA_SASL_USERNAME", "value": service} in container(deployment)["env"]
        assert service in table().principals
    assert OPERATOR not in DEPLOYMENTS


def test_what_is_mounted_is_a_volume_and_settings_point_into_it() -> None:
    data = NAMED["ConfigMap", "express-entry-settings"]["data"]
    for workload in PODS:
        volumes = {volume["name"] for volume in spec(workload)["volumes"]}
        mounts = {mount["name"]: mount["mountPath"] for mount in container(workload)["volumeMounts"]}
        assert mounts.keys() == volumes
        assert data["EE_SECRETS_DIR"] == mounts["secrets"]
        maps = {volume["configMap"]["name"] for volume in spec(workload)["volumes"] if "configMap" in volume}
        assert maps == MADE_BY_OPERATORS
        for setting in ("EE_KAFKA_SSL_CAFILE", "EE_POSTGRES_SSLROOTCERT"):
            assert str(Path(data[setting]).parent) == mounts["authorities"]


def test_every_pod_is_non_root_read_only_and_without_rights() -> None:
    user = re.search(r"^USER (\d+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert user
    for workload in PODS:
        pod, inner = spec(workload)["securityContext"], container(workload)["securityContext"]
        assert (pod["runAsNonRoot"], pod["runAsUser"]) == (True, int(user[1]))
        assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert inner == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert spec(workload)["automountServiceAccountToken"] is False
        assert container(workload)["resources"]["limits"]["memory"] == "512Mi"


def test_probes_ask_the_port_of_the_image_and_a_stop_is_given_its_time() -> None:
    image = (ROOT / "Dockerfile").read_text("utf-8")
    for deployment in DEPLOYMENTS.values():
        (port,) = container(deployment)["ports"]
        assert f"EE_HTTP_PORT={port['containerPort']}" in image
        paths = {
            kind: container(deployment)[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")
        }
        assert {probe["port"] for probe in paths.values()} == {port["name"]}
        assert [paths[kind]["path"] for kind in ("startup", "liveness", "readiness")] == ["/livez", "/livez", "/readyz"]
        worker = WorkerSettings.model_fields
        wanted = worker["graceful_timeout_s"].default + worker["drain_timeout_s"].default
        assert spec(deployment)["terminationGracePeriodSeconds"] > wanted
        assert labels(deployment).keys() == {"app.kubernetes.io/name"}


def test_scoring_is_scaled_on_its_lag_up_to_its_partitions() -> None:
    scaled = NAMED["ScaledObject", "scoring"]["spec"]
    Draft202012Validator(SCALED_OBJECT).validate(scaled)
    assert scaled["scaleTargetRef"]["name"] in DEPLOYMENTS
    assert "replicas" not in DEPLOYMENTS["scoring"]["spec"]
    assert scaled["maxReplicaCount"] == table().partitions
    (trigger,) = scaled["triggers"]
    metadata = trigger["metadata"]
    assert metadata.keys() <= KAFKA_TRIGGER
    assert tuple(map(int, metadata["version"].split("."))) >= (2, 1), "what brokers from 4.0 on understand (KIP-896)"
    assert metadata["consumerGroup"] in SERVICES
    assert metadata["topic"] in topics_of(metadata["consumerGroup"])
    assert metadata["bootstrapServersFromEnv"] in NAMED["ConfigMap", "express-entry-settings"]["data"]


def test_keda_asks_under_names_that_exist() -> None:
    (trigger,) = NAMED["ScaledObject", "scoring"]["spec"]["triggers"]
    asked = NAMED["TriggerAuthentication", trigger["authenticationRef"]["name"]]["spec"]
    assert asked.keys() == {"env", "secretTargetRef", "configMapTargetRef"}
    (user,) = asked["env"]
    inner = container(DEPLOYMENTS["scoring"])
    assert user["containerName"] == inner["name"]
    assert user["name"] in {entry["name"] for entry in inner["env"]}
    (password,) = asked["secretTargetRef"]
    (secret,) = [volume["secret"] for volume in spec(DEPLOYMENTS["scoring"])["volumes"] if "secret" in volume]
    assert password["name"] == secret["secretName"]
    assert password["key"] in {item["key"] for item in secret["items"]}
    assert {one["name"] for one in asked["configMapTargetRef"]} <= MADE_BY_OPERATORS


def test_the_secrets_that_the_page_makes_are_those_that_the_manifests_read() -> None:
    page = (
        (ROOT / "docs" / "deploying.md").read_text("utf-8").partition("\n## On Kubernetes\n")[2].partition("\n## ")[0]
    )
    made = {
        secret: set(re.findall(r"`(ee_\w+)`", keys))
        for secret, keys in re.findall(r"^\| `(express-entry-\w+)` \| (.+?) \|", page, re.MULTILINE)
    }
    read: dict[str, set[str]] = {}
    for workload in PODS:
        for volume in spec(workload)["volumes"]:
            if "secret" in volume:
                keys = {item["key"] for item in volume["secret"]["items"]}
                read[volume["secret"]["secretName"]] = read.get(volume["secret"]["secretName"], set()) | keys
    assert {secret: keys for secret, keys in made.items() if secret not in MADE_BY_OPERATORS} == read


def test_every_folder_that_the_page_applies_exists_in_the_order_of_an_upgrade() -> None:
    page = (ROOT / "docs" / "deploying.md").read_text("utf-8")
    applied = re.findall(r"kubectl apply -k (deploy/kubernetes/\w+)", page)
    assert [Path(folder).name for folder in applied] == ["prepare", "services", "finish"]
    assert all((ROOT / folder / "kustomization.yaml").is_file() for folder in applied)
    waited = set(re.findall(r"job/([\w-]+)", page))
    assert waited == {one["metadata"]["name"] for one in PODS if one["kind"] == "Job"}
