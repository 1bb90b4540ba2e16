"""Server-side clients: a partner with its own account, an administrator, and the limits of both."""

import pytest

from local_cloud.launcher.cloud import LocalCloud
from tests.description import PATHS
from tests.e2e.front_end import FrontEnd

ADMINISTRATION = [
    (method.upper(), path.replace("{job_id}", "a" * 26).replace("{maker}", "someone"))
    for path, operations in PATHS.items()
    for method in operations
    if path.startswith("/v1/admin/")
]


@pytest.fixture(scope="module")
def partner(cloud: LocalCloud) -> FrontEnd:
    return FrontEnd(cloud, cloud.service_token("Partner"))


@pytest.fixture(scope="module")
def administrator(cloud: LocalCloud) -> FrontEnd:
    return FrontEnd(cloud, cloud.service_token("Administrator"))


def test_a_partner_s_server_is_a_maker_of_its_own(partner: FrontEnd) -> None:
    job = partner.ended(partner.accepted(count=1, steps=1))

    assert job["state"] == "succeeded"
    assert partner.balance() == (1, 0, 1)


@pytest.mark.parametrize(("method", "path"), ADMINISTRATION)
def test_administration_is_for_its_scope_alone(
    cloud: LocalCloud, partner: FrontEnd, maker: str, method: str, path: str
) -> None:
    for caller in (partner, FrontEnd(cloud, maker)):
        answer = caller.call(method, path, json={})
        assert answer.status_code == 403
        assert len(answer.content) < 300


def test_an_administrator_changes_what_a_maker_has(
    partner: FrontEnd, administrator: FrontEnd, cloud: LocalCloud
) -> None:
    before = partner.account()
    maker = cloud.outputs["PartnerClientId"]  # the subject of a service's token is its client id
    path = f"/v1/admin/accounts/{maker}"

    granted = administrator.call(
        "POST", f"{path}/grants", json={"credits": 7, "note": "order 1"}, headers={"Idempotency-Key": "o1"}
    )
    suspended = administrator.call("PUT", f"{path}/suspension", json={"reason": "a test"})
    refused = partner.submit()
    administrator.call("PUT", f"{path}/suspension", json={"reason": None})

    assert granted.json()["available"] == before["available"] + 7
    assert suspended.json()["suspended"] == "a test"
    assert refused.json()["type"] == "/problems/AccountSuspended"
    ledger = partner.call("GET", "/v1/account/ledger").json()["entries"]
    assert ledger[0]["note"] == "order 1"
    assert partner.submit(count=1, steps=1).status_code == 202


def test_an_administrator_finds_a_maker_and_their_job_by_the_e_mail_address(
    administrator: FrontEnd, cloud: LocalCloud
) -> None:
    email = "lost+found@craftspark.example"
    maker = FrontEnd(cloud, cloud.sign_in(email))
    job_id = maker.accepted(count=1, steps=1)

    [found] = administrator.call("GET", "/v1/admin/makers", params={"email": email}).json()["makers"]
    [listed] = administrator.call("GET", f"/v1/admin/accounts/{found['maker']}/jobs").json()["jobs"]
    job = administrator.call("GET", f"/v1/admin/jobs/{listed['job_id']}").json()

    assert (found["email"], found["status"], found["enabled"]) == (email, "CONFIRMED", True)
    assert set(found) == {"maker", "email", "status", "enabled"}
    assert (listed["job_id"], job["maker"]) == (job_id, found["maker"])
    assert administrator.call("GET", "/v1/admin/makers", params={"maker": found["maker"]}).json()["makers"] == [found]
    nobody = administrator.call("GET", "/v1/admin/makers", params={"maker": 'a"'})
    assert nobody.json() == {"makers": []}
