"""The services that an application provides: which services jobs call, and how."""
