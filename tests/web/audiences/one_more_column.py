"""A plugin of pytest: people have one more column of their own, declared and nowhere else."""

from typing import Final

from tests.one_more_line import declare

NAME: Final = "nickname"

declare(
    "app.audience.own",
    f'    {NAME}: Annotated[str, Own(("nickname", "rufname"), "Annie", told=Told.OFFERED)] = ""\n',
    before="    timezone: Annotated[",
)
