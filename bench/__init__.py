"""How fast `/mcp` answers, next to the bare SDK on the same machine in the same run. See `bench/README.md`."""
