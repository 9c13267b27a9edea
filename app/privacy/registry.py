"""Every column that holds text, and what it may hold of a customer. A test finds those that lack.

`PARTS` are rows about one person, as their rooms declare them: exported and forgotten by one
declaration. `MENTIONS` are texts of the team or of other systems in which somebody's address may
stand: it is searched for. `SEALED` cannot be searched, and goes with anybody. `NAMES` and `OURS`
never hold anything of a customer.
"""

from collections.abc import Mapping, Sequence

from app.allocation import models as allocation
from app.analysis import models as analysis
from app.audience.personal import PARTS as AUDIENCE
from app.delivery.personal import PARTS as DELIVERY
from app.experiments.personal import PARTS as EXPERIMENTS
from app.identity import models as identity
from app.okr import models as okr
from app.outreach import models as outreach
from app.platform import events, install, once
from app.platform.held import Part
from app.review import models as review
from app.tracking.personal import PARTS as TRACKING

# Tables are known once they are imported: of rooms without anything personal, too.
ROOMS = (allocation, analysis, identity, okr, outreach, review, events, install, once)

# In this order they are forgotten: a person goes last, for others are found by them.
PARTS: Sequence[Part] = (*TRACKING, *EXPERIMENTS, *DELIVERY, *AUDIENCE)

# The address is taken out of the text that holds it; the rest is the team's.
MENTIONS: Mapping[str, tuple[str, ...]] = {
    "agent_grant": ("client", "name", "redirect"),
    "agent_program": ("name", "redirects"),
    "api_token": ("name",),
    "audience": ("name", "columns"),
    "audit": ("actor", "subject", "details"),
    "bucket": ("name",),
    "check_in": ("comment",),
    "comment": ("text",),
    "connector": ("name", "disabled_reason"),
    "connector_link": ("external",),
    "cycle": ("name",),
    "decision": ("sentence", "learning", "reason", "next_slice"),
    "destination": ("label", "address"),
    "draft_version": ("design", "unread"),
    "event": ("facts",),
    "experiment": (
        "name",
        "design",
        "unread",
        "paused_reason",
        "plan",
        "columns",
        "promised",
        "fell_away",
    ),
    "experiment_template": ("name", "about", "design"),
    "feature": ("title", "problem"),
    "frozen_week": ("body",),
    "import": ("filename", "error", "columns", "named", "said", "header"),
    "key_result": ("title", "kept_because", "score_comment"),
    "look": ("body",),
    "mail_image": ("name", "says"),
    "news": ("sentence",),
    "objective": ("title",),
    "push": ("facts", "external", "last_error"),
    "put_off": ("reason",),
    "rehearsal": ("found",),
    "slice": ("title", "assumption"),
    "snapshot": ("body",),
    "team": ("name",),
    "time_answer": ("note",),
    "time_answer_before": ("note",),
    "value_source": ("error",),
    "unusual_week": ("reason",),
    "week_item": ("text",),
}

# A line of a file is somebody's row: where their address stands in it, all of it goes.
LINES: Mapping[str, Mapping[str, str]] = {"import_refusal": {"raw": "", "reason": "erased"}}

# Sealed, so that nobody is found in it: it goes, whoever it names, whenever somebody is erased.
SEALED: Mapping[str, tuple[str, ...]] = {"once_key": ("answer",)}

# Columns of these names, and ids, hold kinds, states, hashes, and names of those who log in.
NAMES = frozenset({
    "id", "key", "hash", "hint", "mark", "folder", "host", "path", "holder", "function", "arm",
    "kind", "type", "state", "status", "mode", "role", "channel", "format", "encoding", "week",
    "day", "event", "method", "verdict", "rule", "rule_version", "judged_version", "stratum",
    "purpose", "riskiest", "unit", "cadence", "source", "lane", "caller", "asked", "created_by",
    "launched_by", "closed_by", "decided_by", "recorded_by", "posted_by", "frozen_by",
    "disabled_by", "retired_by", "marked_by", "by", "by_id", "owner", "place", "other_place",
    "other_name", "what", "mail_kind",
})  # fmt: skip

OURS: Mapping[str, tuple[str, ...]] = {
    "ageing": ("name",),
    "agent_grant": ("scope", "code_hash", "challenge"),
    "allocation_settings": ("opens_at", "reminds_at", "closes_at"),
    "audience_query": ("connection", "query", "every"),
    "audit": ("action", "digest", "seal", "erased_digest"),
    "audit_head": ("seal",),
    "comment": ("about", "subject", "mentions"),  # ids
    "connector": ("settings", "secrets", "old_secrets"),  # sealed; addresses of systems
    "contribution": ("overlaps",),  # counts
    "data_folder": ("settings",),  # prints of what an operator set
    "decision": ("call", "decision"),
    "digest": ("recipients", "sends_at"),  # the team's own addresses
    "draft_version": ("made",),
    "erasure": ("words",),  # for as long as an erasure lasts
    "hit": ("reason",),
    "half_log_in": ("onward",),  # of the team, for ten minutes
    "import": ("reasons", "asks"),  # numbers of lines, by kind
    "import_note": ("column",),
    "ineligible": ("reason",),
    "people_count": ("reason",),
    "unwritable": ("reason", "run"),
    "install": ("key_fingerprints", "fits_from"),
    "log_in_attempt": ("nonce", "verifier", "onward"),  # of the team, for ten minutes
    "login_session": ("csrf", "device", "network", "issuer", "sid", "id_token"),  # of the team
    "mail_image": ("body",),  # pixels of the team's choice; what its file told is left out
    "mailbox_place": ("name", "again"),  # an operator's own, and numbers
    "news": ("fact", "href"),  # ids
    "opening": ("name",),
    "push": ("subject",),
    "put_off": ("work", "item", "cancelled_by"),  # ids; of a digest, the team's own addresses
    "event": ("subject",),
    "reaction": ("links",),  # counts
    "rehearsal": ("after", "run", "made_of", "frame"),
    "respondent": ("name", "email", "language"),  # of the team
    "second_step": ("secret",),  # of the team; sealed
    "send": ("relay",),
    "send_rate": ("name",),
    "server_pace": ("server", "said"),
    "snapshot": ("call",),
    "team_invitation": ("email",),
    "time_answer": ("shares",),
    "time_answer_before": ("shares",),
    "time_told": ("shares",),
    "told_verdict": ("call", "breached"),
    "user_account": ("name", "email", "password_hash", "issuer", "subject"),  # of the team
    "value_source": ("url", "pointer", "connection", "query", "every"),
    "week_item": ("kept",),
    "watch": ("subject",),  # an id
    "weekly_run": ("name",),
}
