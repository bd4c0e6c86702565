"""The command `ee`: puts together the commands of shared and of each service. The only module that imports them all."""

from functools import partial

import typer

from services.decisions import cli as decisions_cli
from services.decisions.handler import SERVICE as DECISIONS
from services.decisions.settings import DecisionsSettings
from services.draws import cli as draws_cli
from services.draws import pool_cli
from services.draws.handler import SERVICE as DRAWS
from services.draws.settings import DrawsSettings
from services.intake import cli as intake_cli
from services.intake import forget_cli
from services.intake.handler import SERVICE as INTAKE
from services.intake.settings import IntakeSettings
from services.scoring import cli as scoring_cli
from services.scoring.handler import SERVICE as SCORING
from shared.audit import cli as audit_cli
from shared.db import cli as db_cli
from shared.db import operator_cli
from shared.db.operators import create_operator
from shared.db.settings import DatabaseSettings, OperatorSettings
from shared.demo import cli as demo_cli
from shared.kafka import cli as kafka_cli
from shared.kafka.settings import KafkaSettings
from shared.ops import config_cli
from shared.report import cli as report_cli
from shared.rules import cli as rules_cli
from shared.settings import Settings
from shared.stack import cli as stack_cli
from shared.status import cli as status_cli
from shared.top import cli as top_cli
from shared.worker import accept_cli, clock_cli, dlq_cli, ops_cli
from shared.worker.settings import WorkerSettings

SERVICES = (INTAKE, SCORING, DRAWS, DECISIONS)
SETTINGS: dict[str, type[Settings]] = {
    "Kafka": KafkaSettings,
    "PostgreSQL": DatabaseSettings,
    "every service": WorkerSettings,
    "intake": IntakeSettings,
    "draws": DrawsSettings,
    "decisions": DecisionsSettings,
    "operators' commands": OperatorSettings,
}
"""Every setting, by who reads it."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Express Entry Engine: Canada's Express Entry selection on Kafka and PostgreSQL.",
)
app.command("score")(rules_cli.score)
rules_cli.rules_app.command("rehearse")(scoring_cli.rehearse)
app.add_typer(rules_cli.rules_app, name="rules")
app.command("publish")(ops_cli.publish)
app.command("status")(status_cli.status)
app.add_typer(intake_cli.app, name="intake")
app.command("forget")(forget_cli.forget)
app.add_typer(scoring_cli.app, name="scoring")
app.add_typer(draws_cli.app, name="round")
app.add_typer(pool_cli.app, name="pool")
app.command("case")(decisions_cli.case)
app.add_typer(decisions_cli.app, name="invitation")
app.add_typer(report_cli.app, name="report")
kafka_cli.app.command("accept")(accept_cli.accept)
app.add_typer(kafka_cli.app, name="topics")
app.command("migrate")(db_cli.migrate)
app.add_typer(operator_cli.app, name="operator")
app.add_typer(audit_cli.app, name="audit")
app.command("top")(top_cli.top)
app.add_typer(config_cli.commands(SETTINGS, [service.name for service in SERVICES]), name="config")
ops_cli.add_reconcile(app, SERVICES)
app.add_typer(dlq_cli.app, name="dlq")
stack_cli.app.add_typer(clock_cli.commands(SERVICES), name="clock")
app.add_typer(stack_cli.app, name="dev")
demo_cli.add(app, SERVICES, partial(create_operator, may=(DRAWS.name, DECISIONS.name)))
