"""Pairs whose blocks have steps, with the old steps behind which a job waits for the old code."""

from dataclasses import dataclass, replace

from .pair import ticket

FIELDS = "title: string! size: int! note: string?"
CHARGE = "Bill.charge(self.title)"
KEEP = "let bill = Bill.charge(self.title)"
MAIL = 'Mail.send("mail", self.title)'
SMS = 'Sms.send("sms", self.title)'
CALL = 'Phone.call("call", self.title)'
LOG = 'Audit.log("log", self.title)'


@dataclass(frozen=True)
class StepPair:
    """A change of a block: `waits` are the old steps behind which stopped jobs wait.

    `branches`: whether they wait depends on the branches and the turns that they take.
    """

    name: str
    old: str
    new: str
    waits: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    """The rules of `conduitc breaking` about steps that find the change."""
    branches: bool = False


def block(
    *statements: str, options: str = 'name: "tell"', functions: str = "", behind: str = ""
) -> str:
    """A resource whose job has these statements, and captures all fields in any case.

    It has `functions` before the hook, and others `behind` it.
    """
    all_fields = "let all = [self.title, self.size, self.note]"
    members = f"{FIELDS}\n{functions}" if functions else FIELDS
    return ticket(members, "\n".join([all_fields, *statements]), options, behind)


def changed(name: str, old: tuple[str, ...], new: tuple[str, ...], *waits: str) -> StepPair:
    """A pair of blocks, whose steps differ if jobs wait behind any."""
    return StepPair(name, block(*old), block(*new), waits, ("BRK126",) if waits else ())


def branching(name: str, old: tuple[str, ...], new: tuple[str, ...], *waits: str) -> StepPair:
    """A pair of blocks with other branches."""
    return replace(changed(name, old, new, *waits), branches=True)


def keeping(name: str, old: tuple[str, ...], new: tuple[str, ...], *waits: str) -> StepPair:
    """A pair of blocks with the same steps, of which one keeps other values."""
    return StepPair(name, block(*old), block(*new), waits, ("BRK127",) if waits else ())


A, B, C, D, F = "bill.charge", "mail.send", "sms.send", "phone.call", "broken.fail"
CALLS = ("let charge = Bill.charge(self.title)", 'Mail.send("mail", charge.url)')
NESTED = 'Mail.send("mail", Bill.charge(self.title).url)'
OTHER = 'Phone.call("call", Bill.charge(self.title).url)'
FOUR = (CHARGE, MAIL, SMS, CALL)
SENT = "@function sent() {{ {} }}"
IN_FUNCTION = block(CHARGE, "sent()", CALL, functions=SENT.format(f"{MAIL} {SMS}"))
MORE_IN_FUNCTION = block(CHARGE, "sent()", CALL, functions=SENT.format(f"{MAIL} {LOG} {SMS}"))
SAME_NAME = ("let n = Random.int(1, 1)", "counted()", 'Phone.call("call", n)')
COUNTED = """
@function counted() {
  let n = Random.int(2, 2)
  Mail.send("mail", n)
  Sms.send("sms", n)
}
"""

CHOICE = f'if Method.where(amname: "gin").exists?() {{ {MAIL} {SMS} }}'
EACH = (
    'for row in Method.where(amname in ["btree", "gin"]).order_by("amname") '
    '{ Mail.send("mail", row.amname) Phone.call("call", row.amname) }'
)
OTHER_ARGUMENT = EACH.replace("mail", "news")
LOOP = ("method.order_by", "for row", "for row/mail.send")
RESCUE = (
    "Broken.fail(self.title) rescue |err| "
    '{ Mail.send("mail", err.message) Phone.call("call", err.type) }'
)
REFUSED = "Broken.fail(self.title) rescue |err| { let x = err.message }"

STEPS = [
    changed("nothing changes", FOUR, FOUR),
    StepPair("code moves into a function", block(*FOUR), IN_FUNCTION),
    StepPair("code moves out of a function", IN_FUNCTION, block(*FOUR)),
    StepPair("an effect is added in a function", IN_FUNCTION, MORE_IN_FUNCTION, (C,), ("BRK126",)),
    StepPair(
        "a function moves behind the hook",
        block(*SAME_NAME, functions=COUNTED),
        block(*SAME_NAME, behind=COUNTED),
    ),
    changed("an effect is appended", FOUR, (*FOUR, LOG)),
    changed("two effects are appended", (CHARGE, MAIL), (CHARGE, MAIL, SMS, CALL)),
    changed("an argument changes", FOUR, (CHARGE, 'Mail.send("other", self.title)', SMS, CALL)),
    changed("code without an effect is added", FOUR, ("let x = self.size + 1", *FOUR)),
    changed("the last effect is replaced", FOUR, (CHARGE, MAIL, SMS, LOG)),
    changed("the last effect is removed", FOUR, (CHARGE, MAIL, SMS), C),
    changed("only the first effect remains", FOUR, (CHARGE,), A, B, C),
    changed("only the last effect remains", FOUR, (CALL,), A, B, C),
    changed("the first effect is removed", FOUR, (MAIL, SMS, CALL), A, B, C),
    changed("a middle effect is removed", FOUR, (CHARGE, SMS, CALL), B, C),
    changed("a middle effect is replaced", FOUR, (CHARGE, LOG, SMS, CALL), B, C),
    changed("an effect is added in front", FOUR, (LOG, *FOUR), A, B, C),
    changed("an effect is added in the middle", FOUR, (CHARGE, LOG, MAIL, SMS, CALL), B, C),
    changed("an effect is added before the last", FOUR, (CHARGE, MAIL, SMS, LOG, CALL)),
    changed("the first two change places", FOUR, (MAIL, CHARGE, SMS, CALL), A),
    changed("the last two change places", FOUR, (CHARGE, MAIL, CALL, SMS), C),
    changed("the first moves to the end", FOUR, (MAIL, SMS, CALL, CHARGE), A, B, C),
    changed("the last moves to the front", FOUR, (CALL, CHARGE, MAIL, SMS), A, B, C),
    changed("all are reversed", FOUR, (CALL, SMS, MAIL, CHARGE), A, B, C),
    changed("a service is renamed", FOUR, ("Billing.charge(self.title)", MAIL, SMS, CALL), A, B, C),
    changed(
        "a second mail is added in front of the first",
        (MAIL, SMS),
        ('Mail.send("new", self.title)', MAIL, SMS),
        B,
    ),
    changed("a second mail is appended", (MAIL, SMS), (MAIL, SMS, 'Mail.send("new", self.title)')),
    changed(
        "two mails change places",
        ('Mail.send("one", self.title)', 'Mail.send("two", self.title)', SMS),
        ('Mail.send("two", self.title)', 'Mail.send("one", self.title)', SMS),
        B,
    ),
    changed(
        "the last two mails change places",
        ('Mail.send("one", self.title)', 'Mail.send("two", self.title)'),
        ('Mail.send("two", self.title)', 'Mail.send("one", self.title)'),
        B,
    ),
    changed(
        "the first of two mails is removed",
        ('Mail.send("one", self.title)', 'Mail.send("two", self.title)', SMS),
        ('Mail.send("two", self.title)', SMS),
        B,
        f"{B}#2",
    ),
    changed(
        "both of two mails change",
        ('Mail.send("one", self.title)', 'Mail.send("two", self.title)', SMS),
        ('Mail.send("1", self.title)', 'Mail.send("2", self.title)', SMS),
        B,
        f"{B}#2",
    ),
    branching(
        "an effect moves into a branch that is taken",
        FOUR,
        (CHARGE, f"if self.size > 1 {{ {MAIL} }}", SMS, CALL),
        B,
        C,
    ),
    branching(
        "an effect moves into a branch that is not taken",
        FOUR,
        (CHARGE, f"if self.size > 100 {{ {MAIL} }}", SMS, CALL),
        B,
        C,
    ),
    branching(
        "the condition of a branch changes",
        (CHARGE, f"if self.size > 1 {{ {MAIL} {SMS} }}", CALL),
        (CHARGE, f"if self.size > 100 {{ {MAIL} {SMS} }}", CALL),
        B,
        C,
    ),
    changed("a row chooses a branch", (CHARGE, CHOICE, CALL), (CHARGE, CHOICE, CALL)),
    changed(
        "a branch that a row chooses gets another effect at its end",
        (CHARGE, CHOICE, CALL),
        (CHARGE, f"{CHOICE[:-1]} {LOG} }}", CALL),
    ),
    StepPair(
        "the row changes that chooses a branch",
        block(CHARGE, CHOICE, CALL),
        block(CHARGE, CHOICE.replace("gin", "hash"), CALL),
        ("method.exists?", B, C),
        ("BRK126", "BRK127"),
        branches=True,
    ),
    StepPair(
        "the blocks of a branch that a row chooses change places",
        block(CHARGE, f"{CHOICE} else {{ {LOG} }}", CALL),
        block(CHARGE, f"{CHOICE.replace('if', 'unless', 1)} else {{ {LOG} }}", CALL),
        (B, C, "audit.log"),
        ("BRK126",),
        branches=True,
    ),
    changed(
        "a row no longer decides about an effect",
        (CHARGE, f"{CHOICE.replace(SMS, '')}", CALL, LOG),
        (CHARGE, MAIL, CALL, LOG),
        f"if {B}",
        D,
    ),
    branching(
        "a row chooses a branch that was always taken",
        (CHARGE, MAIL, SMS, CALL),
        (CHARGE, CHOICE, CALL),
        B,
        C,
    ),
    changed(
        "a branch gets another effect at its end",
        (CHARGE, f"if self.size > 1 {{ {MAIL} }}", CALL),
        (CHARGE, f"if self.size > 1 {{ {MAIL} {SMS} }}", CALL),
    ),
    branching(
        "a return comes in front",
        FOUR,
        ("if self.size > 100 { return }", *FOUR),
        A,
        B,
        C,
    ),
    keeping(
        "a value is kept that was not",
        (CHARGE, MAIL, SMS),
        (KEEP, MAIL, 'Sms.send("sms", bill.url)'),
        A,
        B,
    ),
    keeping(
        "a kept value is no longer used",
        (KEEP, MAIL, 'Sms.send("sms", bill.url)'),
        (CHARGE, MAIL, SMS),
    ),
    keeping(
        "another part of a value is kept",
        (KEEP, MAIL, 'Sms.send("sms", bill.url)'),
        (KEEP, MAIL, 'Sms.send("sms", bill.number)'),
        A,
        B,
    ),
    keeping(
        "a further part of a value is kept",
        (KEEP, MAIL, 'Sms.send("sms", bill.url)'),
        (KEEP, MAIL, 'Sms.send("sms", bill.url, bill.number)'),
        A,
        B,
    ),
    keeping(
        "the whole of a value is kept",
        (KEEP, MAIL, 'Sms.send("sms", bill.url)'),
        (KEEP, MAIL, 'Sms.send("sms", bill)'),
        A,
        B,
    ),
    keeping(
        "a kept value is renamed",
        (KEEP, MAIL, 'Sms.send("sms", bill.url)'),
        (KEEP.replace("bill", "paid"), MAIL, 'Sms.send("sms", paid.url)'),
        A,
        B,
    ),
    keeping(
        "a value that may be nil is kept beside another",
        ("let time = Time.now()", KEEP, MAIL, 'Sms.send("sms", time)'),
        ("let time = Time.now()", KEEP, MAIL, 'Sms.send("sms", time, bill)'),
        A,
        B,
    ),
    keeping(
        "a kept value has another type",
        ("let time = Time.now()", MAIL, 'Sms.send("sms", time)'),
        ("let time = Time.today()", MAIL, 'Sms.send("sms", time)'),
        B,
    ),
    keeping(
        "a kept value is read anew",
        ("let time = Time.now()", MAIL, 'Sms.send("sms", time)'),
        (MAIL, "let time = Time.now()", 'Sms.send("sms", time)'),
    ),
    keeping(
        "a value is read and used within the last effect alone",
        (CHARGE, MAIL, SMS),
        (CHARGE, MAIL, "let t = Time.now()", 'Sms.send("sms", self.size)'),
    ),
    StepPair(
        "a job type is renamed, with was",
        block(*FOUR),
        block(*FOUR, LOG, options='name: "report", was: "tell"'),
    ),
    StepPair(
        "a job type is renamed, and an effect is added in front",
        block(*FOUR),
        block(LOG, *FOUR, options='name: "report", was: "tell"'),
        (A, B, C),
        ("BRK126",),
    ),
    StepPair(
        "a service is renamed, and its step keeps its name",
        block(*FOUR),
        block(
            "Billing.charge(self.title)",
            *FOUR[1:],
            options='name: "tell", steps_were: { "billing.charge": "bill.charge" }',
        ),
    ),
    StepPair(
        "a service is renamed whose result is kept, and its step keeps its name",
        block(KEEP, MAIL, 'Sms.send("sms", bill.url)'),
        block(
            KEEP.replace("Bill", "Billing"),
            MAIL,
            'Sms.send("sms", bill.url)',
            options='name: "tell", steps_were: { "billing.charge": "bill.charge" }',
        ),
    ),
    StepPair(
        "steps that are renamed by name change places",
        block(*FOUR),
        block(
            'Post.send("mail", self.title)',
            "Billing.charge(self.title)",
            *FOUR[2:],
            options='name: "tell", steps_were: '
            '{ "billing.charge": "bill.charge", "post.send": "mail.send" }',
        ),
        (A,),
        ("BRK126",),
    ),
    StepPair(
        "a service in a turn is renamed, and its step keeps its name",
        block("for n in 1..2 {", 'Mail.send("mail", n)', 'Sms.send("sms", n)', "}", CALL),
        block(
            *("for n in 1..2 {", 'Post.send("mail", n)', 'Sms.send("sms", n)', "}", CALL),
            options='name: "tell", steps_were: { "for n/post.send": "for n/mail.send" }',
        ),
    ),
    StepPair(
        "a payload gets another field",
        block(*FOUR),
        block(CHARGE, MAIL, SMS, 'Phone.call("call", self.title, self.note)'),
    ),
    StepPair(
        "jobs run in batches",
        ticket(FIELDS, f"{CHARGE}\n{MAIL}", 'name: "tell"'),
        ticket(FIELDS, CHARGE, 'name: "tell", batch: 10'),
        (A,),
        ("BRK126",),
    ),
    changed("a loop over rows", (EACH, SMS), (EACH, SMS)),
    changed("a loop over rows gets another argument", (EACH, SMS), (OTHER_ARGUMENT, SMS)),
    branching(
        "the query of a loop changes",
        (EACH, SMS),
        (EACH.replace('"btree", "gin"', '"gin", "btree"'), SMS),
        LOOP[2],
    ),
    changed("an effect is appended behind a loop", (EACH, SMS), (EACH, SMS, CALL)),
    branching("a loop over rows is removed", (EACH, SMS), (SMS, CALL), *LOOP),
    branching("an effect comes in front of a loop", (EACH, SMS), (LOG, EACH, SMS), *LOOP),
    branching(
        "rows become the items of an array",
        (EACH, SMS),
        ('for row in [1, 2] { Mail.send("mail", row) Phone.call("call", row) }', SMS),
        *LOOP,
    ),
    changed("a rescue", (RESCUE, SMS), (RESCUE, SMS)),
    changed("a call moves into another", (*CALLS, SMS), (NESTED, SMS)),
    changed("a call moves out of another", (NESTED, SMS), (*CALLS, SMS)),
    changed("a call in a call", (NESTED, SMS), (NESTED, SMS, LOG)),
    changed(
        "a call in a call gets another effect in front", (NESTED, SMS), (LOG, NESTED, SMS), A, B
    ),
    changed("an outer call gets another service", (NESTED, SMS), (OTHER, SMS), B),
    changed("an outer call is the last one", (NESTED, SMS), (NESTED,), B),
    StepPair(
        "a later call moves into a finished one",
        block(MAIL, CHARGE, SMS, CALL),
        block(NESTED, SMS, CALL),
        (B, A, C),
        ("BRK126", "BRK127"),
    ),
    changed("an error is renamed", (RESCUE, SMS), (RESCUE.replace("err", "failure"), SMS)),
    changed("a rescue gets an effect at its end", (RESCUE, SMS), (f"{RESCUE[:-1]} {LOG} }}", SMS)),
    branching(
        "a rescue gets an effect in front",
        (RESCUE, SMS),
        (RESCUE.replace("{ ", f"{{ {LOG} "), SMS),
        B,
        D,
    ),
    branching("a rescue is removed", (CHARGE, RESCUE), (CHARGE, SMS), F, B),
    StepPair(
        "the effects of a rescue are removed",
        block(RESCUE, SMS),
        block(REFUSED, SMS),
        (F, B, D),
        ("BRK126", "BRK127"),
        branches=True,
    ),
    StepPair(
        "a rescue gets an effect",
        block(REFUSED, SMS, CALL),
        block(REFUSED.replace("let x = err.message", "Audit.log(err.message)"), SMS, CALL),
        (F, C),
        ("BRK126", "BRK127"),
        branches=True,
    ),
    StepPair(
        "a value gets a service in place of one that fails",
        block("let bill = Broken.fail(self.title) rescue |err| { nil }", 'Sms.send("sms", bill)'),
        block(
            f"let bill = Broken.fail(self.title) rescue |err| {{ {CHARGE} }}",
            'Sms.send("sms", bill)',
        ),
        (F,),
        ("BRK127",),
    ),
]
