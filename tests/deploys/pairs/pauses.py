"""Pairs whose blocks sleep and wait, with the old steps behind which jobs wait for old code."""

from dataclasses import replace

from .steps import CHARGE, MAIL, SMS, StepPair, branching, changed, keeping

SLEEP = "Job.sleep(20.minutes)"
SHORT = "Job.sleep(1.minute)"
WAIT = 'let answer = Job.wait("approved", timeout: 1.day)'
ANSWER = "Push.send(self.title, answer)"
ALL = (CHARGE, SLEEP, MAIL, WAIT, ANSWER)
A, S, B, W = "bill.charge", "job.sleep", "mail.send", "approved"
CLOCK = "let asked = Time.now()"


def with_function(pair: StepPair) -> StepPair:
    """A pair whose sources have a function that is called as a signal is."""
    function = "@function approved() { Stock.take(self.title) }"
    old, new = (f"{each.rstrip().removesuffix('}')}{function} }}" for each in (pair.old, pair.new))
    return replace(pair, old=old, new=new)


PAUSES = [
    changed("nothing changes", ALL, ALL),
    changed("an effect is appended", ALL, (*ALL, SMS)),
    changed("a sleep is appended", ALL, (*ALL, SHORT)),
    changed("other times", ALL, (CHARGE, SHORT, MAIL, WAIT.replace("1", "2"), ANSWER)),
    changed("the sleep is removed", ALL, (CHARGE, MAIL, WAIT, ANSWER), S, B, W),
    changed("the wait is removed", ALL, (CHARGE, SLEEP, MAIL, 'Push.send(self.title, "")'), W),
    changed("an effect before the wait", ALL, (CHARGE, SLEEP, MAIL, SMS, WAIT, ANSWER), W),
    changed("an effect before the sleep", ALL, (CHARGE, SMS, SLEEP, MAIL, WAIT, ANSWER), S, B, W),
    changed("a sleep before the wait", (CHARGE, WAIT, ANSWER), (CHARGE, SLEEP, WAIT, ANSWER), W),
    changed("a wait before the sleep", (CHARGE, SLEEP, MAIL), (CHARGE, WAIT, SLEEP, MAIL), S),
    changed("the sleep moves behind the mail", ALL, (CHARGE, MAIL, SLEEP, WAIT, ANSWER), S),
    changed("the wait moves before the mail", ALL, (CHARGE, SLEEP, WAIT, MAIL, ANSWER), B),
    changed("the signal is renamed", ALL, (*ALL[:3], WAIT.replace("approved", "paid"), ANSWER), W),
    changed("the sleep becomes a wait", (CHARGE, SLEEP, MAIL), (CHARGE, WAIT, MAIL), S),
    changed("the wait becomes a sleep", (CHARGE, WAIT, MAIL), (CHARGE, SLEEP, MAIL), W),
    changed(
        "a second sleep in front", (CHARGE, SLEEP, MAIL), (SHORT, CHARGE, SLEEP, MAIL),
        A, S,
    ),
    changed(
        "two sleeps change places",
        (CHARGE, SLEEP, SHORT, MAIL),
        (CHARGE, SHORT, SLEEP, MAIL),
        S,
    ),
    changed("the value is used in part", ALL, (*ALL[:4], "Push.send(self.title, answer?.by)")),
    changed(
        "the value is used for the first time",
        (CHARGE, 'Job.wait("approved", timeout: 1.day)', MAIL),
        (CHARGE, WAIT, "Mail.send(self.title, answer)"),
    ),
    keeping(
        "the time before the wait is used behind it",
        (CLOCK, "Bill.charge(asked)", WAIT, "Mail.send(answer)"),
        (CLOCK, "Bill.charge(asked)", WAIT, "Mail.send(asked)"),
        A,
        W,
    ),
    with_function(
        changed("the wait becomes a call", (CHARGE, WAIT, MAIL), (CHARGE, "approved()", MAIL), W)
    ),
    with_function(
        changed("a call beside the wait", (CHARGE, WAIT, MAIL), (CHARGE, WAIT, MAIL, "approved()"))
    ),
    branching(
        "the sleep moves into a branch",
        (CHARGE, SLEEP, MAIL),
        (CHARGE, f"if self.size > 1 {{ {SLEEP} }}", MAIL),
        S,
    ),
    branching(
        "the sleep moves out of a branch",
        (CHARGE, f"if self.size > 1 {{ {SLEEP} }}", MAIL),
        (CHARGE, SLEEP, MAIL),
        S,
    ),
]  # fmt: skip
