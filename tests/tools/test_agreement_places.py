# SPDX-License-Identifier: Apache-2.0
"""Who ends a place and who follows a consumer, from the command line: faults and successions, told before they bind."""

from __future__ import annotations

from tests.tools.agreements import HOUR_S, START, World, audit, electro, inside, refused


def test_a_fault_says_first_what_it_costs_and_that_it_is_for_good(world: World) -> None:
    meter = world.account("meter")
    world.agree(meter)
    world.wait_until(START + 10 * HOUR_S + 60)
    world.report(meter, 1, 0, inside(0, 4), 0)
    line = ("agreement", "fault", 1, "--place", 0)
    nobody = refused(*line, "--key-file", world.key("consumer"))
    assert f"this ends what {meter.address} measures at place 0 of agreement 1, for good" in nobody
    shown = electro(*line, "--from", world.consumer.address).out
    assert "the running interval 10, up to 2027-01-15 11:00:00 UTC" in shown
    assert "reported it is judged, not reported it costs 6,300" in shown
    assert "up to 37 intervals ahead, until you accept another meter" in shown
    assert "2 unreported of the last 3 h, unless they still come" in shown  # 8 and 9: 7 began before
    assert "4 unreported before that, 25,200 unless they still come" in shown
    share = 100_000 * 39 // 48
    assert f"at most {share:,} of the bonus of 100,000" in shown
    assert f"means      this ends what {meter.address} measures" in shown
    done = electro(*line, *world.as_("consumer"), "--json").json
    assert (done["end"], done["decides"], done["look_from"], done["look_to"]) == (11, True, 8, 10)
    again = refused(*line, *world.as_("consumer"))
    assert "was declared before" in again
    assert "only another meter ends it" in again
    world.wait_until(START + 48 * HOUR_S + 2 * HOUR_S + 1)
    neutral = electro("agreement", "show", 1, "--json").json
    assert neutral["neutral_share"] == share
    assert neutral["accrued"] == share + 5 * 6300
    assert audit()["equal"]
    assert "look from 8, look to 10, decides yes" in electro("agreement", "audit", 1).out
    assert "agreement 1 has no place 1" in refused(
        "agreement", "fault", 1, "--place", 1, *world.as_("consumer")
    )


def test_a_successor_takes_the_place_once_it_is_offered_and_takes_it(world: World) -> None:
    world.agree(world.account("meter"))
    heir = world.anyone.address
    assert electro("agreement", "hand-over", 1, *world.as_("consumer")).code == 2
    early = refused("agreement", "hand-over", 1, "--accept", *world.as_("anyone"))
    assert f"agreement 1 was not offered to {heir}" in early
    assert "electro agreement hand-over ID --to ADDRESS" in early
    offer = ("agreement", "hand-over", 1, "--to", heir)
    assert "can then take your place" in refused(*offer, "--key-file", world.key("consumer"))
    assert electro(*offer, *world.as_("consumer"), "--json").json["offered_to"] == heir
    assert f"offered to {heir}" in electro("agreement", "show", 1).out
    withdrawn = electro("agreement", "hand-over", 1, "--withdraw", *world.as_("consumer"), "--json").json
    assert withdrawn["offered_to"] is None
    assert electro("agreement", "show", 1, "--json").json["successor"] is None
    assert electro(*offer, *world.as_("consumer")).code == 0
    shown = electro("agreement", "hand-over", 1, "--accept", "--from", heir).out
    assert "this makes you the consumer of agreement 1, with all that has accrued" in shown
    assert "terms hash" in shown
    taken = electro("agreement", "hand-over", 1, "--accept", *world.as_("anyone"), "--json").json
    assert (taken["consumer"], taken["before"]) == (heir, world.consumer.address)
    former = refused("agreement", "cancel", 1, *world.as_("consumer"))
    assert "is neither the operator nor the consumer" in former
    assert audit()["equal"]
