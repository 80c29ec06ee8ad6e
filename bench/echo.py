"""A bare FastAPI echo, served as the gateway is: what HTTP itself costs on this machine. ``python -m bench.echo PORT``"""

from __future__ import annotations

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.post("/v1/applications", status_code=202)
async def echo(form: dict[str, Any]) -> dict[str, Any]:
    """The form, as it came."""
    return form


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), loop="asyncio", log_level="warning", access_log=False)
