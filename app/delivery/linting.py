"""The checklist's part about mails, with what only the database knows of them."""

import re

from sqlmodel import Session

from app.delivery import images
from app.delivery.mail.lint import ContentLint
from app.experiments.called import Called
from app.experiments.design_schemas import Draft
from app.experiments.items import Item, blocks
from app.platform.pictures import raster

_CHART = re.compile(r"\{%-?\s*chart\b")
_draws = _CHART.search


class MailLint(ContentLint):
    """Answers `experiments.ports.Lint`."""

    def problems(self, design: Draft) -> list[Item]:
        """What the words alone tell, and whether charts can be drawn here."""
        found = super().problems(design)
        bodies = [text for arm in design.arms for text in (arm.body, arm.answer) if text]
        if any(map(_draws, bodies)) and not raster.has_letters():
            found.append(blocks("chart_without_font", raster.NO_LETTERS))
        return found

    def gone(self, session: Session, design: Draft) -> list[Item]:
        """Images of ours that a version shows and nobody has any more."""
        missing = images.missing(session, design.arms)
        says = "shows an image that is not here: choose another in the step Mail."
        return [
            blocks("image_gone", f"{called.mail} {says}")
            for arm, called in Called.each(design.arms)
            if missing & images.named_by(arm)
        ]
