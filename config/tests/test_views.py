def test_health_names_what_answers(client, db):
    response = client.get("/healthz")
    assert response.json() == {"database": True, "redis": True}
    assert response.status_code == 200


def test_an_unknown_page_leads_back_to_the_start(client, db):
    response = client.get("/nothing-here/")
    assert response.status_code == 404
    assert "To the start" in response.text
