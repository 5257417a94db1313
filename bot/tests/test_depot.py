"""/depot, as it is told on a phone, and what stands at the desk then."""

from __future__ import annotations

import signal
from collections.abc import Callable

import httpx
import pytest

from outside import Line, Phone, RunningBot, branches_of, deposits_of, linked
from tests.machinery import until
from tests.support import Shop

Phones = Callable[..., Phone]


def tell_until_confirm(phone: Phone) -> None:
    """A deposit up to its last question."""
    phone.asks("/depot 2 micro-ondes 15 kg")
    phone.chooses(phone.buttons()[0])


def test_a_deposit_told_step_by_step_waits_at_the_desk(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    ana = linked(phone(language="fr"), shop.ana)

    assert "Qu'est-ce qui est arrivé" in ana.asks("/depot")[0]
    assert "Combien" in ana.asks("un vieux grille-pain")[0]
    assert "pèse" in ana.chooses("3")[0]
    assert "Qu'est-ce que c'est" in ana.asks("4,5")[0]
    assert ana.buttons()[0].startswith("Petit électroménager")
    (summary,) = ana.chooses("Petit électroménager")
    (done,) = ana.chooses("Enregistrer")

    (deposit,) = deposits_of(shop.marta.back_office())
    assert summary.startswith("3 × un vieux grille-pain\n4,5 kg\nPetit électroménager")
    assert done.startswith("Enregistré : 3 × un vieux grille-pain, 4,5 kg")
    assert (deposit["quantity"], deposit["weightGrams"], deposit["category"]) == (3, 4500, "EEE-2")
    assert (deposit["channel"], deposit["status"]) == ("bot", "pending_validation")
    assert (deposit["recordedBy"], deposit["isOnBehalf"]) == (str(shop.ana.id), True)


def test_what_a_sentence_says_is_not_asked_again(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    ana = linked(phone(), shop.ana)

    assert ana.asks("/depot 2 microwave ovens 15 kg")[0].startswith("What is it")
    (summary,) = ana.chooses("Small appliances")

    assert summary.startswith("2 × microwave ovens\n15 kg\n")


def test_any_of_the_eight_categories_can_be_chosen(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    ana = linked(phone(), shop.ana)
    ana.asks("/depot 1 thing 2 kg")

    ana.chooses("Something else")
    eight = ana.buttons()
    ana.chooses("Medical devices")
    ana.chooses("Record it")

    assert len(eight) == 9
    assert deposits_of(shop.marta.back_office())[0]["category"] == "EEE-7"


@pytest.mark.parametrize("shop", [2], indirect=True, ids=["two branches"])
def test_who_works_in_several_branches_says_where_it_came_in(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    marta = linked(phone(), shop.marta)
    first, second = (branch["name"] for branch in branches_of(shop))

    marta.asks("/depot 2 microwave ovens 15 kg")
    (where,) = marta.chooses("Small appliances")
    offered = marta.buttons()
    (summary,) = marta.chooses(second)
    marta.chooses("Record it")
    # The next one comes in there too, unless it is said to be elsewhere.
    marta.asks("/depot 2 toasters 3 kg")
    (known,) = marta.chooses("Small appliances")
    marta.chooses("Another branch")
    marta.chooses(first)
    marta.chooses("Record it")

    assert where.startswith("Where did it come in")
    assert offered[:2] == [first, second]
    assert f"\n{second}\n" in summary
    assert f"\n{second}\n" in known
    newest, oldest = deposits_of(shop.marta.back_office())
    assert [newest["branchId"], oldest["branchId"]] == [str(branch.id) for branch in shop.branches]


def test_numbers_that_are_none_are_asked_again(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    ana = linked(phone(), shop.ana)
    ana.asks("/depot toaster")

    wrong_quantity = ana.asks("0", 2)
    ana.asks("2")
    wrong_weight = ana.asks("heavy", 2)

    assert wrong_quantity[0].startswith("A whole number")
    assert wrong_quantity[1].startswith("How many")
    assert wrong_weight[0].startswith("I need a weight")
    assert wrong_weight[1].startswith("What does all of it weigh")


@pytest.mark.parametrize("word", ["/cancel", "/annuler"])
def test_cancelling_records_nothing(shop: Shop, bot: RunningBot, phone: Phones, word: str) -> None:
    ana = linked(phone(), shop.ana)
    tell_until_confirm(ana)

    assert ana.asks(word) == ["Cancelled. Nothing was recorded."]
    assert ana.asks(word) == ["There is nothing to cancel."]
    assert deposits_of(shop.marta.back_office()) == []


def test_the_cancel_button_cancels_and_older_buttons_do_nothing(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    ana = linked(phone(), shop.ana)
    tell_until_confirm(ana)

    assert ana.chooses("Cancel") == ["Cancelled. Nothing was recorded."]
    ana.press("Record it")

    ana.hears_nothing()
    assert deposits_of(shop.marta.back_office()) == []


def test_who_does_not_answer_in_time_is_told_once_and_nothing_is_recorded(
    shop: Shop, bot: RunningBot, phone: Phones
) -> None:
    ana = linked(phone(), shop.ana)
    bot.end()
    bot.start(BOT_CONVERSATION_SECONDS="1")
    tell_until_confirm(ana)

    (told,) = ana.hears()
    ana.press("Record it")

    assert told.startswith("You did not answer for a while")
    ana.hears_nothing(seconds=1.5)
    assert deposits_of(shop.marta.back_office()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["asked to end", "killed"])
def test_a_restart_in_the_middle_goes_on_where_it_was(
    shop: Shop, bot: RunningBot, phone: Phones, number: signal.Signals
) -> None:
    ana = linked(phone(), shop.ana)
    ana.asks("/depot toaster")
    ana.asks("2")
    if number == signal.SIGKILL:
        # Asked to end, the bot sees to it by itself.
        until(lambda: bot.has_kept(ana.updates[-1]), what="the answer in the file")
    bot.end(number)
    ana.say("3 kg")

    bot.start()
    (question,) = ana.hears()
    ana.chooses(ana.buttons()[0])
    ana.chooses("Record it")

    assert question.startswith(("What is it", "I am not sure"))
    (deposit,) = deposits_of(shop.marta.back_office())
    assert (deposit["quantity"], deposit["weightGrams"]) == (2, 3000)


def test_updates_that_come_twice_are_done_once(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    ana = linked(phone(), shop.ana)
    tell_until_confirm(ana)
    ana.chooses("Record it")

    for update in ana.updates:
        ana.repeat(update)
    bot.end()
    bot.start()
    for update in ana.updates:
        ana.repeat(update)

    ana.hears_nothing(seconds=2)
    assert len(deposits_of(shop.marta.back_office())) == 1


def test_while_the_api_is_down_nothing_is_lost_and_it_is_said_once(
    shop: Shop, bot: RunningBot, phone: Phones, line: Line
) -> None:
    ana = linked(phone(), shop.ana)
    ana.asks("/depot")
    line.cut()

    (down,) = ana.asks("toaster")
    ana.say("2")
    ana.say("3 kg")
    ana.hears_nothing()
    bot.end(signal.SIGKILL)
    bot.start()
    line.mend()
    back, how_many, weight, what = ana.hears(4)
    ana.chooses(ana.buttons()[0])
    ana.chooses("Record it")

    assert down.startswith("Tillvault does not answer")
    assert back.startswith("Tillvault answers again")
    assert (how_many[:8], weight[:9]) == ("How many", "What does")
    assert what.startswith(("What is it", "I am not sure"))
    (deposit,) = deposits_of(shop.marta.back_office())
    assert (deposit["description"], deposit["quantity"], deposit["weightGrams"]) == ("toaster", 2, 3000)


def test_a_confirmation_into_a_cut_line_is_recorded_once(
    shop: Shop, bot: RunningBot, phone: Phones, line: Line
) -> None:
    ana = linked(phone(), shop.ana)
    tell_until_confirm(ana)
    line.cut()

    ana.chooses("Record it")
    ana.press("Record it")
    line.mend()
    back, done = ana.hears(2)

    assert back.startswith("Tillvault answers again")
    assert done.startswith("Recorded")
    ana.hears_nothing()
    assert len(deposits_of(shop.marta.back_office())) == 1


def test_a_voice_is_heard_and_goes_on_as_text(
    shop: Shop, bot: RunningBot, phone: Phones, heard: tuple[str, dict[str, str]]
) -> None:
    ana = linked(phone(language="es"), shop.ana)
    heard[1]["text"] = "2 microondas 15 kg"
    ana.asks("/depot")

    ana.speak(b"OggS: somebody says it")
    echo, question = ana.hears(2)

    assert echo == "He oído: 2 microondas 15 kg"
    assert question.startswith(("¿Qué es", "No estoy seguro"))


def test_a_voice_that_nobody_understands_is_asked_again(
    shop: Shop, bot: RunningBot, phone: Phones, heard: tuple[str, dict[str, str]]
) -> None:
    ana = linked(phone(), shop.ana)
    heard[1]["text"] = ""
    ana.asks("/depot")

    ana.speak(b"OggS: wind")

    assert "could not make out any words" in ana.hears()[0] or "cannot listen" in ana.hears()[0]


def test_telegram_out_of_order_for_a_moment_loses_no_answer(
    shop: Shop, bot: RunningBot, phone: Phones, telegram: httpx.Client
) -> None:
    ana = linked(phone(), shop.ana)
    telegram.post("/standin/refuse", json={"calls": 2})

    assert ana.asks("/depot")[0].startswith("What came in")
