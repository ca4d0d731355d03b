import re

from web.page_context import asset


def test_a_stylesheet_is_kept_for_a_year_under_an_address_that_changes_with_it(app, browser):
    page = browser.get("/sign-in").text
    address = re.search(r'href="(/static/css/base\.css\?v=\w+)"', page)
    assert address
    answer = browser.get(address[1])
    assert answer.status_code == 200
    assert answer.cache_control.max_age == 365 * 86400


def test_a_module_that_others_import_is_asked_for_again(browser):
    answer = browser.get("/static/js/menu.js")
    assert answer.status_code == 200
    assert answer.cache_control.max_age is None
    assert answer.cache_control.no_cache
    assert answer.headers["ETag"]


def test_vendored_files_carry_their_version_in_the_path(app):
    with app.test_request_context():
        assert "?" not in asset("vendor/htmx.org@2.0.11/htmx.min.js")


def test_there_is_no_way_out_of_the_static_folder(browser):
    for path in ("../__init__.py", "..%2f__init__.py", "%2e%2e/__init__.py"):
        assert browser.get(f"/static/{path}").status_code == 404
