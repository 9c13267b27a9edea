"""What a list says of a row that cannot be read: which one it is, and that it is damaged."""

from pydantic import BaseModel, ConfigDict

from app.platform.garbled import CANNOT_BE_READ


class GarbledOut(BaseModel):
    """Something whose stored document is damaged, so that nothing more can be said of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "1m88yy19ydvz9jv2q3mk",
                "name": "Waste in euros",
                "cannot_be_read": CANNOT_BE_READ,
            }
        }
    )

    id: str
    name: str
    cannot_be_read: str = CANNOT_BE_READ
