-- scripts/luacheck holds the scripts against this. They run inside of Redis,
-- which is Lua 5.1 with a few globals of its own.
std = "lua51"
read_globals = { "redis", "KEYS", "ARGV" }
max_line_length = 120
