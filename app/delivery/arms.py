"""Arms composed once and kept, for as long as this process sends them."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, ParamSpec

from sqlmodel import Session

from app.audience.columns import Columns
from app.delivery import destination_store
from app.delivery.mail.compose import compose_arm
from app.delivery.mail.composed import ComposedArm
from app.delivery.mail.letterhead import letterhead
from app.experiments import cell_types
from app.experiments.models import Experiment
from app.experiments.vocabulary import language_of
from app.platform.config import Settings
from app.platform.errors import NotFound

_P = ParamSpec("_P")
_Maker = Callable[[], ComposedArm]
_KEPT = 64  # composed arms in memory, some tens of kilobytes each


class Arms:
    """Composes an arm when it is first needed. A launched design never changes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._kept: OrderedDict[tuple[str, str], _Maker] = OrderedDict()

    def know(self, session: Session, experiment: Experiment, arm: str) -> None:
        """Read what it takes to compose an arm of a launched experiment."""
        key = (experiment.id, arm)
        if key not in self._kept:
            known = destination_store.set_of(session, experiment.id, arm)
            self._kept[key] = _once(
                composed,
                experiment,
                arm,
                columns=cell_types.columns_of(session, experiment),
                settings=self._settings,
                set_id=known.id if known else None,
                links=known.links if known else None,
            )
        self._kept.move_to_end(key)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def of(self, experiment_id: str, arm: str) -> ComposedArm:
        """An arm that is known. Raises as `composed` does; no transaction should wait for it."""
        return self._kept[experiment_id, arm]()


def _once(make: Callable[_P, ComposedArm], *args: _P.args, **kwargs: _P.kwargs) -> _Maker:
    """Make it when it is first asked for; where it cannot be made, it is tried again."""
    return cache(partial(make, *args, **kwargs))


def composed(
    experiment: Experiment,
    arm: str,
    *,
    columns: Columns,
    settings: Settings,
    set_id: int | None,
    links: int | None = None,
) -> ComposedArm:
    """Compose one arm of an experiment. Raises NotFound, BrokenLiquid, BadBody or BadHeader.

    `set_id` and `links` are of the set that its launch kept, if it was launched.
    """
    design = experiment.design
    return compose_arm(
        arm_of(design, arm),
        head=letterhead(
            settings,
            experiment_id=experiment.id,
            sender=design.get("sender") or {},
            language=language_of(design),
        ),
        columns=columns,
        set_id=set_id,
        launched_links=links,
        hidden_address=hidden_address(experiment),
    )


def hidden_address(experiment: Experiment) -> str | None:
    """Where the honeypot leads, if the design has one: to our own front door."""
    return "/" if experiment.design.get("honeypot") else None


def arm_of(design: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The arm of a design with this key."""
    for arm in design.get("arms") or ():
        if arm["key"] == key:
            return dict(arm)
    raise NotFound(f"This experiment has no version “{key}”.")
