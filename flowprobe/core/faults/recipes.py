"""What well-known providers send when they refuse: pure data, read only where a fault names a recipe.

Each says where its form is documented. Ids and numbers in them are examples, as they are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from flowprobe.core.plain import Plain, plain

__all__ = ["RECIPES", "Recipe"]


@plain
class Recipe(Plain):
    """One answer. `body` is text, or a value that is sent as JSON. `resets`: the answer names the instant when the
    limit is over, so many seconds from now on, in X-RateLimit-Reset. `source` is where it is documented."""

    code: int
    source: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = ""
    resets: float | None = None


_JSON = {"Content-Type": "application/json"}
_JSON_UTF8 = {"Content-Type": "application/json; charset=utf-8"}
_STRIPE = {"Request-Id": "req_FlowProbe0000", "Stripe-Version": "2024-06-20", **_JSON}
_CRLF = "\r\n"


def _page(status: str, footer: str = "") -> str:
    """The page that nginx, and what is made of it, sends for an error of its own."""
    lines = ("<html>", f"<head><title>{status}</title></head>", "<body>", f"<center><h1>{status}</h1></center>",
             *((f"<hr><center>{footer}</center>",) if footer else ()), "</body>", "</html>", "")
    return _CRLF.join(lines)


_PAYMENTS = {
    "stripe/card-declined": Recipe(402, "https://docs.stripe.com/error-codes", _STRIPE, {"error": {
        "charge": "ch_FlowProbe0000", "code": "card_declined", "decline_code": "generic_decline",
        "doc_url": "https://stripe.com/docs/error-codes/card-declined", "message": "Your card was declined.",
        "type": "card_error"}}),
    "stripe/rate-limit": Recipe(429, "https://docs.stripe.com/rate-limits", {
        "Stripe-Rate-Limited-Reason": "global-rate", "Stripe-Should-Retry": "true", **_STRIPE}, {"error": {
            "code": "rate_limit", "doc_url": "https://stripe.com/docs/error-codes/rate-limit",
            "message": "Request rate limit exceeded. Learn more about rate limits here "
                       "https://stripe.com/docs/rate-limits.",
            "type": "invalid_request_error"}}),
    "stripe/api-error": Recipe(500, "https://docs.stripe.com/api/errors", {"Stripe-Should-Retry": "true", **_STRIPE}, {
        "error": {"message": "An unknown error occurred", "type": "api_error"}}),
    "stripe/idempotency-in-use": Recipe(409, "https://docs.stripe.com/error-codes", {
        "Stripe-Should-Retry": "true", **_STRIPE}, {"error": {
            "code": "idempotency_key_in_use", "doc_url": "https://stripe.com/docs/error-codes/idempotency-key-in-use",
            "message": "There is currently another in-progress request using this Idempotent Key (that probably means "
                       "you submitted twice, and the other request is still going through). Please try again later.",
            "type": "invalid_request_error"}}),
    "stripe/idempotency-conflict": Recipe(400, "https://docs.stripe.com/api/idempotent_requests", _STRIPE, {"error": {
        "message": "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                   "Try using a key other than the one you sent if you meant to execute a different request.",
        "type": "idempotency_error"}}),
    "shopify/rate-limit": Recipe(429, "https://shopify.dev/docs/api/admin-rest/usage/rate-limits", {
        "Retry-After": "2.0", "X-Shopify-Shop-Api-Call-Limit": "40/40", **_JSON_UTF8}, {
            "errors": "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted "
                      "service."}),
}

_MESSAGES = {
    "twilio/too-many-requests": Recipe(429, "https://www.twilio.com/docs/api/errors/20429", _JSON, {
        "code": 20429, "message": "Too Many Requests", "more_info": "https://www.twilio.com/docs/errors/20429",
        "status": 429}),
    "sendgrid/rate-limit": Recipe(
        429, "https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits",
        {"X-RateLimit-Limit": "600", "X-RateLimit-Remaining": "0", **_JSON},
        {"errors": [{"field": None, "message": "too many requests"}]}, resets=60),
    "slack/rate-limited": Recipe(429, "https://docs.slack.dev/apis/web-api/rate-limits", {
        "Retry-After": "30", **_JSON_UTF8}, {"ok": False, "error": "ratelimited"}),
}

_CRM = {
    "salesforce/request-limit": Recipe(
        403, "https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm",
        {"Content-Type": "application/json;charset=UTF-8"},
        [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]),
    "salesforce/session-expired": Recipe(
        401, "https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm",
        {"Content-Type": "application/json;charset=UTF-8"},
        [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]),
    "hubspot/rate-limit": Recipe(429, "https://developers.hubspot.com/docs/api/usage-details", {
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000", "X-HubSpot-RateLimit-Max": "100",
        "X-HubSpot-RateLimit-Remaining": "0", "Content-Type": "application/json;charset=utf-8"}, {
            "status": "error", "message": "You have reached your ten_secondly_rolling limit.",
            "errorType": "RATE_LIMIT",
            "correlationId": "c033cdaa-2c40-4a64-ae48-b4cec88dad24", "policyName": "TEN_SECONDLY_ROLLING",
            "requestId": "3d3e35b7-0dae-4b9f-a6e3-9c230cbcf8dd"}),
}

_PLATFORMS = {
    "github/secondary-rate-limit": Recipe(
        403, "https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api",
        {"Retry-After": "60", "Content-Type": "application/json; charset=utf-8", "X-GitHub-Media-Type": "github.v3"},
        {"documentation_url": "https://docs.github.com/free-pro-team@latest/rest/overview/"
                              "rate-limits-for-the-rest-api#about-secondary-rate-limits",
         "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}),
    "google/resource-exhausted": Recipe(429, "https://cloud.google.com/apis/design/errors", {
        "Content-Type": "application/json; charset=UTF-8"}, {"error": {
            "code": 429, "status": "RESOURCE_EXHAUSTED",
            "message": "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per user' "
                       "of service 'sheets.googleapis.com' for consumer 'project_number:000000000000'.",
            "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED",
                         "domain": "googleapis.com", "metadata": {
                             "service": "sheets.googleapis.com", "quota_limit": "ReadRequestsPerMinutePerUser",
                             "quota_limit_value": "60", "consumer": "projects/000000000000"}}]}}),
    "auth0/rate-limit": Recipe(429, "https://auth0.com/docs/troubleshoot/customer-support/operational-policies/"
                                    "rate-limit-policy", {
        "X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0", **_JSON_UTF8}, {
            "statusCode": 429, "error": "Too Many Requests", "message": "Global limit has been reached",
            "errorCode": "too_many_requests"}, resets=1),
    "openai/rate-limit": Recipe(429, "https://platform.openai.com/docs/guides/error-codes", {
        "Retry-After": "20", "x-ratelimit-limit-requests": "3", "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "20s", **_JSON}, {"error": {
            "message": "Rate limit reached for requests. Limit: 3 / min. Please try again in 20s.", "type": "requests",
            "param": None, "code": "rate_limit_exceeded"}}),
    "openai/insufficient-quota": Recipe(429, "https://platform.openai.com/docs/guides/error-codes", _JSON, {"error": {
        "message": "You exceeded your current quota, please check your plan and billing details. For more information "
                   "on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
        "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}}),
}

_BROKEN = {
    "type": "circuit_breaking_exception",
    "reason": "[parent] Data too large, data for [<http_request>] would be [123848638/118.1mb], which is larger than "
              "the limit of [123273216/117.5mb], real usage: [120182112/114.6mb], new bytes reserved: "
              "[3666526/3.4mb]",
    "bytes_wanted": 123848638, "bytes_limit": 123273216, "durability": "TRANSIENT",
}
_SEARCH = {
    "elasticsearch/circuit-breaker": Recipe(
        429, "https://www.elastic.co/guide/en/elasticsearch/reference/current/circuit-breaker-errors.html",
        {"Content-Type": "application/json; charset=UTF-8"}, {
            "error": {"root_cause": [_BROKEN], **_BROKEN}, "status": 429}),
    "algolia/rate-limit": Recipe(429, "https://www.algolia.com/doc/guides/security/api-keys/in-depth/"
                                      "api-key-restrictions/#rate-limit", _JSON_UTF8, {
        "message": "Too Many Requests", "status": 429}),
}

_CLOUDS = {
    "aws/s3-slow-down": Recipe(
        503, "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
        {"Content-Type": "application/xml", "Server": "AmazonS3", "x-amz-request-id": "4442587FB7D0A2F9"},
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code>'
        "<Message>Please reduce your request rate.</Message><RequestId>4442587FB7D0A2F9</RequestId>"
        "<HostId>FlowProbe/0000</HostId></Error>"),
    "aws/dynamodb-throttled": Recipe(
        400, "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html",
        {"Content-Type": "application/x-amz-json-1.0",
         "x-amzn-RequestId": "LDM6CJP8RMQ1FHKSC1RBVJFPNVV4KQNSO5AEMF66Q9ASUAAJG"},
        {"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
         "message": "The level of configured provisioned throughput for the table was exceeded. Consider increasing "
                    "your provisioning level with the UpdateTable API."}),
    "aws/alb-unavailable": Recipe(
        503, "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html",
        {"Server": "awselb/2.0", "Content-Type": "text/html"}, _page("503 Service Temporarily Unavailable")),
    "cloudflare/bad-gateway": Recipe(
        502, "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/",
        {"Server": "cloudflare", "CF-RAY": "0000000000000000-FRA", "Content-Type": "text/html; charset=UTF-8"},
        _page("502 Bad Gateway", "cloudflare")),
    "cloudflare/origin-down": Recipe(
        521, "https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/",
        {"Server": "cloudflare", "CF-RAY": "0000000000000000-FRA", "Content-Type": "text/plain; charset=UTF-8"},
        "error code: 521"),
    "nginx/bad-gateway": Recipe(502, "https://nginx.org/en/docs/http/ngx_http_proxy_module.html", {
        "Server": "nginx", "Content-Type": "text/html"}, _page("502 Bad Gateway", "nginx")),
    "nginx/gateway-timeout": Recipe(504, "https://nginx.org/en/docs/http/ngx_http_proxy_module.html", {
        "Server": "nginx", "Content-Type": "text/html"}, _page("504 Gateway Time-out", "nginx")),
}

RECIPES: Mapping[str, Recipe] = {**_PAYMENTS, **_MESSAGES, **_CRM, **_PLATFORMS, **_SEARCH, **_CLOUDS}
