"""The forecast from a pool's own earlier days, by time of day, and whether it beats the reactive rule."""

from dataclasses import replace

from craftspark.fleet.decisions import Forecast, History

DAY_S = 86_400
SLOT_S = 300
SLOTS = DAY_S // SLOT_S
HOURS = 24
# A slot counts as observed if arrivals were counted for so much of it.
ENOUGH_S = 0.6 * SLOT_S
# The weight of the newest day.
NEWEST = 0.4
# Today is compared with earlier days over this time. Seconds.
COMPARED_S = 1800.0
# Today's demand is at most this much more or less than that of earlier days.
MOST_SCALE = 1.5
# The history counts if it rises by this factor, and by this many tasks, within a cold start.
RISE = 1.15
RISE_TASKS = 1.0
# A demand that comes earlier than on other days is met as well. Seconds.
EARLIER_S = 240.0
# Too little is worse than too much: the loss of a missing task, over that of an idle one.
MISSING = 3.0
# The weight of a new loss: an hour of a day weighs about a third.
LOSS_WEIGHT = 0.002


def observe(history: History, at: float, since_s: float, rate: float) -> History:
    """Count the rate of the `since_s` before `at` into the slots, and the comparison of today with earlier days."""
    slot = int(at // SLOT_S)
    if history.slot is not None and slot != history.slot:
        history = _close(history)
    weight = min(1.0, since_s / COMPARED_S)
    earlier = expected(history, at)
    return replace(
        history,
        slot=slot,
        work_s=round(history.work_s + rate * since_s, 1),
        seconds=round(history.seconds + since_s, 1),
        today=_toward(history.today, rate, weight if earlier is not None else 0.0),
        earlier=_toward(history.earlier, earlier or 0.0, weight if earlier is not None else 0.0),
    )


def _close(history: History) -> History:
    """Put the slot in progress into the rates."""
    rates = list(history.rates or (None,) * SLOTS)
    if history.slot is not None and history.seconds >= ENOUGH_S:
        index = history.slot % SLOTS
        old, new = rates[index], history.work_s / history.seconds
        rates[index] = round(new if old is None else old + NEWEST * (new - old), 3)
    return replace(history, rates=tuple(rates), work_s=0.0, seconds=0.0)


def expected(history: History, at: float) -> float | None:
    """The rate of earlier days at this time of day, between the middles of two slots."""
    if not history.rates:
        return None
    place = at / SLOT_S - 0.5
    first = int(place // 1)
    before, after = history.rates[first % SLOTS], history.rates[(first + 1) % SLOTS]
    if before is None or after is None:
        return None
    return before + (place - first) * (after - before)


def forecast(history: History, at: float, rate: float, cold_start_s: float) -> float:
    """The rate after a cold start, as on earlier days. It is `rate` if it did not rise then."""
    now = expected(history, at)
    times = (cold_start_s, cold_start_s + EARLIER_S / 2, cold_start_s + EARLIER_S)
    ahead = [each for each in (expected(history, at + time) for time in times) if each is not None]
    if now is None or not ahead or max(ahead) < max(now * RISE, now + RISE_TASKS):
        return rate
    scale = history.today / history.earlier if history.earlier > 0 else 1.0
    return max(rate, max(ahead) * min(max(scale, 1 / MOST_SCALE), MOST_SCALE))


def score(history: History, at: float, rate: float) -> History:
    """Compare the forecasts that were made for this time with the rate that came."""
    errors = list(history.errors or ((0.0, 0.0),) * HOURS)
    hour = int(at % DAY_S // 3600)
    for each in history.pending:
        if each.due <= at:
            reactive, earlier = errors[hour]
            errors[hour] = (
                round(_toward(reactive, _loss(each.reactive, rate), LOSS_WEIGHT), 4),
                round(_toward(earlier, _loss(each.history, rate), LOSS_WEIGHT), 4),
            )
    return replace(history, errors=tuple(errors), pending=tuple(each for each in history.pending if each.due > at))


def expect(history: History, at: float, cold_start_s: float, reactive: float, earlier: float) -> History:
    """Keep what both rules expect. `score` compares it with the mean of the minutes in which the new tasks run."""
    due = at + cold_start_s + EARLIER_S
    made = Forecast(due=due, reactive=round(reactive, 3), history=round(earlier, 3))
    return replace(history, pending=(*history.pending, made))


def is_trusted(history: History, at: float) -> bool:
    """Whether the history lost no more than the reactive rule around this hour of earlier days, or has no loss yet."""
    if not history.errors:
        return True
    hour = int(at % DAY_S // 3600)
    around = [history.errors[(hour + each) % HOURS] for each in (-1, 0, 1)]
    return sum(earlier for _, earlier in around) <= sum(reactive for reactive, _ in around)


def _loss(expectation: float, rate: float) -> float:
    return (expectation - rate) if expectation > rate else MISSING * (rate - expectation)


def _toward(old: float, new: float, weight: float) -> float:
    return old + weight * (new - old)
