"""A small shop that takes money with Stripe's own SDK, as its documentation says. It knows nothing of FlowProbe."""

from __future__ import annotations

import os

import stripe
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2090, "cvc": "123"}


async def health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def sign_up(request: Request) -> Response:
    wanted = await request.json()
    return await run_in_threadpool(_sign_up, wanted["email"])


def _sign_up(email: str) -> Response:
    card = stripe.PaymentMethod.create(type="card", card=CARD)
    customer = stripe.Customer.create(
        email=email, payment_method=card.id, invoice_settings={"default_payment_method": card.id})
    return JSONResponse({"id": customer.id}, 201)


async def leave(request: Request) -> Response:
    await run_in_threadpool(stripe.Customer.delete, request.path_params["customer"])
    return Response(status_code=204)


async def pay(request: Request) -> Response:
    wanted = await request.json()
    return await run_in_threadpool(_pay, wanted["customer"], wanted["amount"])


def _pay(customer: str, amount: int) -> Response:
    """The SDK makes the idempotency key, once for each charge; `paid` is what we tell the customer."""
    try:
        charge = stripe.Charge.create(amount=amount, currency="eur", customer=customer)
    except stripe.StripeError as error:
        return JSONResponse({"error": "payment_unavailable", "because": type(error).__name__, "paid": 0}, 503)
    return JSONResponse({"id": charge.id, "status": charge.status, "paid": charge.amount}, 201)


async def statement(request: Request) -> Response:
    charges = await run_in_threadpool(stripe.Charge.list, customer=request.path_params["customer"])
    return JSONResponse({"payments": len(charges.data), "paid": sum(charge.amount for charge in charges.data)})


app = Starlette(routes=[
    Route("/health", health),
    Route("/customers", sign_up, methods=["POST"]),
    Route("/customers/{customer}", leave, methods=["DELETE"]),
    Route("/customers/{customer}/statement", statement),
    Route("/payments", pay, methods=["POST"]),
])


def main() -> None:
    stripe.api_base = os.environ["STRIPE_API_BASE"]
    stripe.api_key = os.environ["STRIPE_API_KEY"]
    stripe.max_network_retries = 2
    stripe.default_http_client = stripe.new_default_http_client(timeout=float(os.environ["STRIPE_TIMEOUT"]))
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["PORT"]), log_level="warning")


if __name__ == "__main__":
    main()
