"""The services that an application provides: which ones jobs call, and how a call is made."""
