"""The API. Greetings are an example: put your own routes in their place."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field
#% if database != "none"

from app import database
#% endif

router = APIRouter(prefix="/api/v1")


class Name(BaseModel):
    """Who is to be greeted."""

    name: str = Field(min_length=1, max_length=100)


class Greeting(BaseModel):
    """What is said."""

    greeting: str


@router.post("/greetings", status_code=201)
def greet(who: Name) -> Greeting:
    """Greet somebody."""
#% if database != "none"
    database.execute("INSERT INTO greetings (name) VALUES (:name)", name=who.name)
#% endif
    return Greeting(greeting=f"Hello, {who.name}")
