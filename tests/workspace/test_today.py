"""Today begins at the browser's midnight."""

from datetime import datetime, timedelta

from ourvidz.workspace.today import Today


def test_today_begins_at_the_browsers_midnight() -> None:
    late_in_berlin = datetime(2026, 6, 1, 21, 59)
    assert Today('Europe/Berlin').start(late_in_berlin) == datetime(2026, 5, 31, 22)
    assert Today('Europe/Berlin').start(late_in_berlin + timedelta(minutes=1)) == datetime(2026, 6, 1, 22)


def test_two_browsers_have_two_todays() -> None:
    moment = datetime(2026, 6, 1, 12)
    assert Today('America/Los_Angeles').start(moment) == datetime(2026, 6, 1, 7)
    assert Today('Asia/Tokyo').start(moment) == datetime(2026, 5, 31, 15)


def test_the_day_on_which_clocks_go_forward_has_23_hours() -> None:
    today = Today('Europe/Berlin')
    noon = datetime(2026, 3, 29, 12)
    assert today.end(noon) - today.start(noon) == timedelta(hours=23)
    assert today.start(noon) == datetime(2026, 3, 28, 23)


def test_the_day_on_which_clocks_go_back_has_25_hours() -> None:
    today = Today('Europe/Berlin')
    noon = datetime(2026, 10, 25, 12)
    assert today.end(noon) - today.start(noon) == timedelta(hours=25)


def test_a_zone_nobody_knows_means_utc() -> None:
    moment = datetime(2026, 6, 1, 12)
    for name in ('Mars/Olympus', '../../etc/passwd', '', 'x' * 5_000):
        assert Today(name).start(moment) == datetime(2026, 6, 1)


def test_the_seconds_left_count_down_to_the_next_midnight() -> None:
    assert Today('UTC').seconds_left(datetime(2026, 6, 1, 23, 59, 30)) == 30
