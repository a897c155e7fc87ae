"""Realistic projects of any size, for measurements of the compiler."""

from pathlib import Path

# fmt: off
_SUBJECTS = (
    "Customer", "Order", "Invoice", "Shipment", "Product", "Supplier", "Warehouse", "Ticket",
    "Comment", "Article", "Campaign", "Contract", "Employee", "Payment", "Refund", "Subscription",
    "Report", "Device", "Booking", "Room", "Event", "Lesson", "Course", "Project", "Task",
    "Milestone", "Review", "Message", "Account", "Vehicle",
)
_DETAILS = (
    "Draft", "Archive", "Summary", "Template", "Request", "Policy", "Batch", "Ledger", "Entry",
    "Record",
)
_SERVICES = (
    "Email", "SearchIndex", "Billing", "Statistics", "Audit", "Webhook", "Warehousing", "Risk",
)
# fmt: on


def resource_name(number: int) -> str:
    """The name of the project's n-th resource, such as `Order` or `OrderDraft3`."""
    subject = _SUBJECTS[number % len(_SUBJECTS)]
    turn, detail = divmod(number // len(_SUBJECTS), len(_DETAILS) + 1)
    name = subject if detail == 0 else f"{subject}{_DETAILS[detail - 1]}"
    return f"{name}{turn + 1}" if turn else name


def source(number: int, resources: int) -> str:
    """A file of about 65 lines with one resource, which belongs to another resource."""
    name = resource_name(number)
    parent = resource_name(number // 2)
    label = name.lower()
    first, second, third = (_SERVICES[(number + step) % len(_SERVICES)] for step in (0, 3, 5))
    belongs = f'\n  parent: {parent}? {{ foreign_key: "parent_id" on_delete: cascade }}' * (
        number > 0 and number // 2 < resources
    )
    subject = "self.parent?.contact ?? self.contact" if belongs else "self.contact"
    return f'''/// One {label} of the business, number {number} of its kind.
resource {name} {{
  id: uuid! @primary @auto
  number: string! @unique @pattern(/^[A-Z]{{2}}-[0-9]+$/)
  title: string(120)!
  contact: string!
  summary: text?
  state: enum ["draft", "open", "done", "cancelled"]! @default("draft")
  amount: decimal(10,2)! @min(0)
  quantity: int! @default({number % 7 + 1}) @min(0)
  place: {{
    street: string!
    city: string!
    country: string(2)! @default("DE")
    code: string?
  }}!
  labels: array<string>!
  finished_at: timestamp?
  created_at: timestamp! @auto
  updated_at: timestamp! @auto_update
{belongs}
  @scope open_ones {{ where: {{ state: "open" }} limit: {number % 40 + 10} }}
  @computed is_closed: bool! {{ return self.state in ["done", "cancelled"] }}
  @function heading(prefix: string) -> string {{
    return "#{{prefix}} #{{self.number}}: #{{String.truncate(self.title, 60)}}"
  }}
  @constraint finished_when_done {{
    on: [update]
    when: self.state == "done"
    condition: self.finished_at != nil
    error: "What is done has been finished at some time"
  }}
  @operations [list, get, create, update]
  @on create: [auth, rate_limit({number % 20 + 5}, per: "hour")]

  @before create {{ self.title = String.trim(self.title) }}

  @after create @transaction {{
    let summary = self.summary ?? String.truncate(self.title, 80)
    @async(queue: "mail") {{
      {first}.created(
        {subject},
        subject: self.heading("New {label}"),
        lines: ["Amount: #{{self.amount}}", "Summary: #{{summary}}"],
      ) rescue |err| {{
        Logger.warn("{label} {number} was not announced", error: err)
      }}
    }}
    if self.amount > {number * 10 + 100} && self.place.country != "DE" {{
      @async(name: "review", queue: "risk", priority: 90) {{ {second}.review(self) }}
    }}
  }}

  @after update @transaction {{
    if self.state_changed_to?("done") {{
      self.finished_at = Time.now()
      @async(name: "finish", max_attempts: 5) {{
        for label in self.labels {{
          {third}.count(label, self.quantity * {number % 9 + 1}, idempotency_key: self.id)
        }}
        @async(name: "publish") {{ {second}.publish(self.id, title: self.title) }}
      }}
    }} elsif self.state_changed_to?("cancelled") {{
      let was = self.previous_value(:state)
      @async(name: "withdraw") {{ {third}.withdraw(self.number, was: was) }}
    }}
  }}
}}
'''


def write_project(folder: Path, resources: int) -> None:
    """A project with as many source files as resources."""
    sources = folder / "resources"
    sources.mkdir(parents=True)
    settings = 'sources = ["resources"]\nout = "app/jobs"\n'
    (folder / "conduit.toml").write_text(settings, encoding="utf-8")
    for number in range(resources):
        path = sources / f"{resource_name(number).lower()}.conduit"
        path.write_text(source(number, resources), encoding="utf-8")


def write_file(path: Path, lines: int) -> int:
    """Make one source with at least this many lines, and return how many it has."""
    texts: list[str] = []
    count = 0
    while count < lines:
        texts.append(source(len(texts), lines))
        count += texts[-1].count("\n")
    path.write_text("".join(texts), encoding="utf-8")
    return count
