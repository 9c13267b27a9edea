"""A plugin of pytest: the test card has one more sentence, declared and nowhere else."""

from typing import Final

from tests.one_more_line import declare

NAME: Final = "so_what"
LABEL: Final = "And if so, we will …"
TOLD: Final = "Then we will"

declare(
    "app.experiments.part_schemas",
    f'    {NAME}: Annotated[Text, Asked("{LABEL}", told="{TOLD}", looks=_SENTENCE)] = ""\n',
    before="    right_if: Annotated[",
)
