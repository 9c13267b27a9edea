"""What a worker does when its time has come, whoever waits for it: a calendar or other systems."""

from app.allocation import opening, telling
from app.analysis import look_worker, verdicts
from app.audience import fetching
from app.delivery import recovery
from app.delivery.inbox import came_back, collecting
from app.delivery.silence import Silence
from app.experiments import waves
from app.okr import reading
from app.ops.installation import House
from app.outreach import digests, fanout, notifying, stuck, team_mails
from app.outreach.push_worker import Pusher
from app.outreach.team_mails import Letters
from app.platform.duties import Duty
from app.platform.vault import Vault
from app.review import agenda, friday_questions, result_effects


def duties_of(house: House) -> list[Duty]:
    """What may wait a second: settle, freeze, read values, keep the calendar, tell others."""
    database, zone = house.database, house.settings.zone
    reader = reading.Reader(
        allowed_hosts=house.settings.allow_private_sources,
        connections=house.settings.sql_connections,
    )
    return [
        recovery.Predecessors(database, house.sends).duty(),
        Silence(database, house.sends).duty(),
        came_back.duty(database),
        collecting.Collector(database, house.settings, house.keyring).duty(),
        result_effects.duty(database, zone=zone),
        waves.duty(database, look_worker.Gate()),
        look_worker.duty(database),
        verdicts.duty(database, zone=zone),
        reading.duty(database, reader, zone=zone),
        fetching.Fetcher(
            database,
            house.imports,
            house.folder_id,
            connections=house.settings.sql_connections,
            marker=house.keyring.marks,
        ).duty(),
        *_telling(house),
    ]


def _telling(house: House) -> list[Duty]:
    """Tell other systems and the team what happened."""
    database, zone = house.database, house.settings.zone
    pusher = Pusher(
        database,
        Vault.at(house.settings),
        allowed_hosts=house.settings.allow_private_sources,
    )
    writer = Letters.of(house)
    return [
        fanout.duty(database, notifying.hearing(writer)),
        stuck.duty(database),
        pusher.duty(),
        friday_questions.duty(database, zone=zone),
        opening.duty(database, zone=zone),
        team_mails.duty(database, writer),
        telling.duty(database),
        digests.duty(database, writer, zone=zone),
        agenda.duty(database, zone=zone),
    ]
