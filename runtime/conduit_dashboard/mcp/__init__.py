"""The dashboard for programs that speak MCP: its pages and actions as tools."""
