"""The deployed site: one address for Studio and the API, and people who sign in there."""

import base64
import hashlib
import json
import re
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from local_cloud.launcher.cloud import LocalCloud
from local_cloud.makers import ADMINISTRATOR, DEMO_MAKER, PASSWORD
from tests.e2e.front_end import HTTP, FrontEnd
from tests.e2e.waiting import HANGS_AFTER_S


@pytest.fixture(scope="module")
def configuration(cloud: LocalCloud) -> dict[str, Any]:
    """What Studio reads before anything else."""
    found: dict[str, Any] = get(f"{cloud.api_url}/config.json").json()
    return found


@pytest.fixture(scope="module", autouse=True)
def people(cloud: LocalCloud) -> None:
    cloud.create_people()


def get(url: str, **request: Any) -> httpx.Response:
    return HTTP.get(url, **request)


def sign_in(cloud: LocalCloud, configuration: dict[str, Any], email: str, *, scope: str = "") -> dict[str, Any]:
    """The tokens of a person who signs in at the page of the user pool, as Studio's library asks for them."""
    oidc = configuration["oidc"]
    discovered = get(f"{oidc['authority']}/.well-known/openid-configuration").json()
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    back = f"{cloud.api_url}/signed-in"
    asked = {"client_id": oidc["client_id"], "redirect_uri": back, "response_type": "code", "state": "s"}
    asked |= {"scope": scope or oidc["scope"], "code_challenge": challenge, "code_challenge_method": "S256"}
    with httpx.Client(timeout=HANGS_AFTER_S, trust_env=False) as browser:
        page = browser.get(discovered["authorization_endpoint"], params=asked)
        if page.status_code != 200:
            return {"status": page.status_code}
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        action = re.search(r'<form method="POST" action="([^"]+)"', page.text)
        assert action is not None
        sent = browser.post(page.url.join(action[1]), data={**fields, "username": email, "password": PASSWORD})
        assert sent.headers["location"].startswith(back)
        [code] = parse_qs(urlsplit(sent.headers["location"]).query)["code"]
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        answer = browser.post(discovered["token_endpoint"], data={**grant, "client_id": oidc["client_id"]})
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def scopes_of(token: str) -> set[str]:
    payload = token.split(".")[1]
    return set(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["scope"].split())


def test_the_configuration_of_studio_has_addresses_that_a_browser_finds(
    cloud: LocalCloud, configuration: dict[str, Any]
) -> None:
    oidc = configuration["oidc"]
    assert configuration["api"] == "/v1"
    assert oidc["authority"] == f"{cloud.endpoint}/{cloud.outputs['UserPoolId']}"
    assert oidc["client_id"] == cloud.outputs["StudioClientId"]
    assert get(f"{cloud.api_url}/config.json").headers["cache-control"] == "no-cache"


def test_the_api_is_reached_through_the_site_alone(cloud: LocalCloud, maker: str) -> None:
    [api] = [
        each["ApiId"] for each in cloud.client("apigatewayv2").get_apis()["Items"] if each["ProtocolType"] == "HTTP"
    ]
    token = {"Authorization": f"Bearer {maker}"}

    assert get(f"{cloud.api_url}/v1/account", headers=token).status_code == 200
    for path in ("v1/account", "$default/v1/account", "live/v1/account"):
        around = get(f"{cloud.endpoint}/_aws/execute-api/{api}/{path}", headers=token)
        assert (around.status_code, around.json()) == (404, {"message": "Not Found"})


def test_an_error_of_the_api_is_no_page_of_studio(cloud: LocalCloud) -> None:
    missing = get(f"{cloud.api_url}/v1/nothing")
    anonymous = get(f"{cloud.api_url}/v1/account")

    assert (missing.status_code, missing.json()) == (404, {"message": "Not Found"})
    assert anonymous.status_code == 401
    assert anonymous.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_maker_signs_in_at_the_page_of_the_user_pool(cloud: LocalCloud, configuration: dict[str, Any]) -> None:
    before = cloud.sign_in(DEMO_MAKER)  # which leaves the password as it is
    tokens = sign_in(cloud, configuration, DEMO_MAKER)
    maker = FrontEnd(cloud, tokens["access_token"])

    assert "craftspark/jobs" in scopes_of(tokens["access_token"])
    assert maker.call("GET", "/v1/account").json() == FrontEnd(cloud, before).call("GET", "/v1/account").json()
    assert tokens["refresh_token"]
    assert maker.call("GET", "/v1/admin/accounts/somebody").status_code == 403


def test_an_administrator_signs_in_as_a_person(cloud: LocalCloud, configuration: dict[str, Any]) -> None:
    tokens = sign_in(cloud, configuration, ADMINISTRATOR)
    administrator = FrontEnd(cloud, tokens["access_token"])

    assert "craftspark/admin" in scopes_of(tokens["access_token"])
    assert administrator.call("GET", "/v1/account").status_code == 200
    found = administrator.call("GET", "/v1/admin/makers", params={"email": DEMO_MAKER})
    assert found.status_code == 200


def test_studio_cannot_ask_for_the_scope_of_administrators(cloud: LocalCloud, configuration: dict[str, Any]) -> None:
    asked = sign_in(cloud, configuration, DEMO_MAKER, scope="openid craftspark/admin")

    assert asked["status"] >= 300
