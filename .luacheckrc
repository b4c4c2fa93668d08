-- scripts/luacheck holds the scripts against this. They run inside of Redis,
-- which is Lua 5.1 with a few globals of its own.
std = "lua51"
read_globals = { "redis", "KEYS", "ARGV" }
max_line_length = 120
-- A chapter may have functions that one script does not need; announce needs nearly all.
for _, script in ipairs({ "archive", "close", "confirm", "drop", "evict", "probe", "sweep" }) do
  files[script .. ".lua"] = { ignore = { "211" } }
end
