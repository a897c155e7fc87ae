"""The pages of the dashboard, each at an address with contents to show."""

from dashboard_site import Site

LISTS = (
    *("/", "/jobs", "/errors", "/queues", "/types"),
    *("/schedules", "/workers", "/source", "/audit"),
)
"""The addresses that exist in every database."""


def addresses(site: Site, flow: str) -> dict[str, str]:
    """A name and an address for each page, for a database that `showcase` has filled."""
    newest = "SELECT id FROM jobs WHERE status = %s ORDER BY id DESC LIMIT 1"
    jobs = {status: site.sql(newest, status)[0][0] for status in ("failed", "running", "completed")}
    return {
        "overview": "/",
        "jobs": "/jobs",
        "jobs-failed": "/jobs?status=failed&type=order.after_create.charge",
        **{f"job-{status}": f"/jobs/{id}" for status, id in jobs.items()},
        "job-edit": f"/jobs/{jobs['completed']}/edit",
        "errors": "/errors",
        "flow": f"/flows/{flow}",
        "queues": "/queues",
        "types": "/types",
        "type": "/types?type=order.after_create.charge",
        "schedules": "/schedules",
        "workers": "/workers",
        "source": "/source",
        "audit": "/audit",
        "missing": "/nowhere",
    }
