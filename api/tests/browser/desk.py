"""What people do at the desk, in the words of the page."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.support import Person


class Desk:
    """A browser at the desk, with somebody signed in."""

    def __init__(self, page: Page, person: Person) -> None:
        self.page = page
        page.goto("/desk")
        page.get_by_label("Organisation").fill(person.shop.slug)
        page.get_by_label("User name").fill(person.username)
        page.get_by_label("Password", exact=True).fill(person.password)
        self.button("Sign in").click()
        expect(page.get_by_role("navigation")).to_be_attached()

    def go(self, path: str, heading: str) -> None:
        self.page.goto(f"/desk/{path}")
        expect(self.page.get_by_role("heading", name=heading, level=1)).to_be_visible()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def in_dialog(self, name: str) -> Locator:
        return self.dialog.get_by_role("button", name=name, exact=True)

    def pages(self) -> list[str]:
        """What the navigation offers."""
        links = self.page.get_by_role("navigation").get_by_role("link")
        links.first.wait_for()
        return links.all_inner_texts()
