"""Frozen shapes that the API answers as they are: told once, for pages, mails and programs."""

from typing import Any

from pydantic import ConfigDict


def answered(example: dict[str, Any] | None = None) -> ConfigDict:
    """What makes a dataclass the shape of an answer, as its `__pydantic_config__`.

    In the API's document it has this example, and all its fields are there in every answer: one
    with a default has it for what was kept before there was such a field.
    """

    def tell(schema: dict[str, Any]) -> None:
        for field in schema["properties"].values():
            field.pop("default", None)
        if example is not None:
            schema["example"] = example

    return ConfigDict(
        json_schema_extra=tell,
        json_schema_serialization_defaults_required=True,
        revalidate_instances="always",
    )
